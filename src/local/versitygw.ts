/**
 * A real S3 server on this machine: versitygw over a temporary folder, for tests and for trying hone out.
 *
 * Where the program comes from, in this order: `HONE_VERSITYGW` → PATH → hone's own cache → built with `go install`.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type ExitCode, HoneError } from '../errors.ts';
import { freePort } from './ports.ts';

export const VERSITYGW_VERSION = 'v1.8.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
const PROGRAM = process.platform === 'win32' ? 'versitygw.exe' : 'versitygw';
/** Measured: 80 s on two cores with an empty module cache. */
const BUILD_MS = 10 * 60_000;
const START_MS = 20_000;

/** There is no versitygw and none could be made; the message lists every try. */
export class VersityGwMissing extends HoneError {
  readonly code = 'HONE_VERSITYGW_MISSING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 69;

  constructor(tries: string[]) {
    super(
      `There is no versitygw (S3 server) on this machine. Tried: ${tries.join('; ')}. Nothing was started. ` +
        `Install Go, or put versitygw ${VERSITYGW_VERSION} on the PATH, or name it in HONE_VERSITYGW.`,
    );
  }
}

/** The program is there but did not answer. */
export class VersityGwFailed extends HoneError {
  readonly code = 'HONE_VERSITYGW_FAILED';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;

  constructor(program: string, problem: string, output: string) {
    super(
      `${program} did not start: ${problem}. It is not running. Its last words: ${output.trim().slice(-500) || 'none'}. ` +
        'Look whether its folder allows extended attributes, then try again.',
    );
  }
}

export interface S3Server {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Buckets are its folders, objects their files. */
  readonly folder: string;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

/**
 * @returns the program's path and how it was found
 * @throws VersityGwMissing
 */
export async function obtainVersityGw(
  options: { cacheDir?: string; onProgress?: (sentence: string) => void } = {},
): Promise<{ program: string; how: string }> {
  const setting = process.env['HONE_VERSITYGW'];
  if (setting) {
    if (await runnable(setting)) return { program: setting, how: 'HONE_VERSITYGW' };
    throw new VersityGwMissing([`HONE_VERSITYGW names ${setting}, which cannot be run`]);
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    if (await runnable(join(folder, PROGRAM))) return { program: join(folder, PROGRAM), how: 'PATH' };
  }
  const folder = join(options.cacheDir ?? userCache(), 'versitygw', VERSITYGW_VERSION);
  const cached = join(folder, PROGRAM);
  if (await runnable(cached)) return { program: cached, how: 'cache' };
  options.onProgress?.(`building versitygw ${VERSITYGW_VERSION} with go install, once (about a minute)`);
  try {
    await build(folder, cached);
    return { program: cached, how: 'go install' };
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().slice(-300);
    const tries = ['HONE_VERSITYGW is not set', 'none on PATH', `none at ${cached}`];
    throw new VersityGwMissing([...tries, `go install failed: ${said || (error as Error).message}`]);
  }
}

/** @throws VersityGwMissing, VersityGwFailed */
export async function startVersityGw(options: { program?: string } = {}): Promise<S3Server> {
  const program = options.program ?? (await obtainVersityGw()).program;
  const folder = await mkdtemp(join(tmpdir(), 'hone-s3-'));
  const keys = { accessKeyId: 'hone-local', secretAccessKey: 'hone-local-secret' };
  try {
    const { child, endpoint } = await spawnOnFreePort(program, folder, keys);
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    const stop = async () => {
      process.off('exit', killWithUs);
      await end(child);
      await rm(folder, { recursive: true, force: true });
    };
    return { endpoint, ...keys, folder, stop };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function build(folder: string, cached: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const aside = await mkdtemp(join(folder, 'build-'));
  try {
    const env = { ...process.env, GOBIN: aside };
    await promisify(execFile)('go', ['install', `${MODULE}@${VERSITYGW_VERSION}`], {
      env,
      timeout: BUILD_MS,
      cwd: aside,
    });
    await rename(join(aside, PROGRAM), cached); // two builders at once: the same program, either may win
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function spawnOnFreePort(
  program: string,
  folder: string,
  keys: { accessKeyId: string; secretAccessKey: string },
) {
  let problem = '';
  let output = '';
  for (let attempt = 0; attempt < 3; attempt++) {
    const port = await freePort();
    const env = { ...process.env, ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey };
    const args = ['--port', `127.0.0.1:${port}`, '--quiet', '--health', '/health', 'posix', folder];
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(error.message)));
    const endpoint = `http://127.0.0.1:${port}`;
    if (await answers(child, `${endpoint}/health`)) return { child, endpoint };
    problem =
      child.exitCode === null ? `no answer within ${START_MS / 1000} s` : `it ended with code ${child.exitCode}`;
    await end(child);
  }
  throw new VersityGwFailed(program, problem, output);
}

async function answers(child: ChildProcess, url: string): Promise<boolean> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && child.exitCode === null && child.pid !== undefined) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    if (answer?.ok) return true;
    await sleep(50);
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
  await ended;
  clearTimeout(timer);
}

async function runnable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function userCache(): string {
  const platform = process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
  return join(process.env['XDG_CACHE_HOME'] ?? platform, 'hone');
}
