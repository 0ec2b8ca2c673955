/** The secret of the hashes in the prediction log: from the environment or a file, else one of this machine's own. Never in the store. */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { HoneConfig } from '../../config/hone.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { HashKeyMissing } from '../errors.ts';

export interface KeyPlace {
  /** `log_hash_key` of config/hone.yaml: then there must be one. */
  readonly reference: HoneConfig['log_hash_key'];
  /** The workspace: where a relative file starts. */
  readonly dir: string;
  /** Where a machine keeps a key that it made itself. */
  readonly cacheDir: string;
}

/** Under a workspace: where its prediction server keeps what it makes and fetches. */
export function servingCacheOf(dir: string): string {
  return join(dir, '.hone', 'cache', 'serving');
}

/**
 * The named key; without a name `HONE_LOG_HASH_KEY`, or the key that the cache folder has had since the first start.
 *
 * @returns undefined where none is named and none was made yet
 * @throws HashKeyMissing where one is named that is not there
 */
export async function findHashKey({ reference, dir, cacheDir }: KeyPlace): Promise<string | undefined> {
  if (reference === undefined) return process.env['HONE_LOG_HASH_KEY'] || (await contentOf(ownKey(cacheDir)));
  const [place, key] =
    'env' in reference
      ? [`the environment variable ${reference.env}`, process.env[reference.env]]
      : [`the file ${reference.file}`, await contentOf(resolve(dir, reference.file))];
  if (!key) throw new HashKeyMissing(`log_hash_key of config/hone.yaml names ${place}, which is not there or empty`);
  return key;
}

/** The key to hash with; makes one for this machine where none is named. */
export async function hashKey(place: KeyPlace, logger: Logger): Promise<string> {
  const found = await findHashKey(place);
  if (found !== undefined) return found;
  await mkdir(place.cacheDir, { recursive: true });
  const path = ownKey(place.cacheDir);
  // Linked when it is whole: another node that starts now must not read half of it.
  const aside = `${path}.${randomUUID()}`;
  await writeFile(aside, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  try {
    await link(aside, path);
    logger.warn(
      {},
      'no log_hash_key is named and HONE_LOG_HASH_KEY is not set: hashes in the prediction log use a key of this machine, and will not join with those of others',
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
  return await readFile(path, 'utf8');
}

function ownKey(cacheDir: string): string {
  return join(cacheDir, 'log-hash-key');
}

async function contentOf(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.trim() || undefined;
}
