/** The Python environment of a trainer: found or built once, kept in the user's cache folder under its requirements' digest. */
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256Of } from '../store/content.ts';
import { honeCacheFolder } from './cache-folder.ts';
import { findInterpreter, MIN_PYTHON } from './interpreter.ts';
import { PythonEnvironmentFailed, PythonMissing } from './python-errors.ts';
import { runCommand } from './run-command.ts';

/** A cold build is 2 s with uv and near registries, 40 s with pip; slow lines take minutes. */
const buildLimitMs = 20 * 60_000;

export interface PythonEnvironment {
  /** Path of the interpreter, to be started directly: `uv run` would hide exit codes from us. */
  readonly python: string;
  /** Digest of requirements, interpreter version and platform: the folder's name. */
  readonly digest: string;
  readonly how: 'cached' | 'uv' | 'pip';
}

export interface PythonWish {
  /** Path of a hashed requirements file. */
  readonly requirements: string;
  /** The user's cache folder unless told: an environment is the same for every workspace. */
  readonly cacheDir?: string;
  readonly onProgress?: (sentence: string) => void;
}

const underWay = new Map<string, Promise<PythonEnvironment>>();

/**
 * Builds aside, then renames: two processes that build at once both succeed, and the second finds the first one's work.
 *
 * @throws PythonMissing without Python 3.11 or newer (HONE_PYTHON, then PATH); PythonEnvironmentFailed when it cannot be built
 */
export async function ensurePython({
  requirements,
  cacheDir = honeCacheFolder(),
  onProgress,
}: PythonWish): Promise<PythonEnvironment> {
  const interpreter = await findInterpreter();
  if (interpreter.python === undefined) throw new PythonMissing(interpreter.tried, MIN_PYTHON.join('.'));
  const text = await readFile(requirements, 'utf8');
  const digest = sha256Of(`${interpreter.version} ${process.platform} ${process.arch}\n${text}`);
  const folder = join(cacheDir, 'python', digest.slice(0, 16));
  const earlier = underWay.get(folder);
  if (earlier) return await earlier;
  const building = findOrBuild(folder, digest, interpreter.python, requirements, onProgress ?? (() => undefined));
  underWay.set(folder, building);
  try {
    return await building;
  } finally {
    underWay.delete(folder);
  }
}

async function findOrBuild(
  folder: string,
  digest: string,
  interpreter: string,
  requirements: string,
  say: (sentence: string) => void,
): Promise<PythonEnvironment> {
  const python = join(folder, 'bin', 'python');
  if (await complete(folder)) return { python, digest, how: 'cached' };
  await mkdir(join(folder, '..'), { recursive: true });
  const aside = await mkdtemp(`${folder}.`);
  try {
    const how = await build(aside, interpreter, requirements, say);
    await writeFile(join(aside, 'complete'), `${digest}\n`);
    await takePlace(aside, folder);
    return { python, digest, how };
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Environments are started by `bin/python` only, which finds its packages beside itself, so a folder may be renamed. */
async function takePlace(aside: string, folder: string): Promise<void> {
  try {
    await rename(aside, folder);
  } catch (error) {
    if (await complete(folder)) return; // another process was faster, with the same packages
    await rm(folder, { recursive: true, force: true }); // left by something that died, without its mark
    await rename(aside, folder).catch(async () => {
      if (!(await complete(folder))) throw error;
    });
  }
}

async function build(folder: string, interpreter: string, requirements: string, say: (sentence: string) => void) {
  const name = basename(requirements);
  const uv = await findUv();
  const how: 'uv' | 'pip' = uv ? 'uv' : 'pip';
  say(`Building the Python environment of ${name} with ${how} (once; about 300 MB).`);
  const python = join(folder, 'bin', 'python');
  const step = async (program: string, args: string[]) => {
    const { code, reason } = await runCommand(program, args, { timeoutMs: buildLimitMs, env: buildEnvironment() });
    if (code !== 0) throw new PythonEnvironmentFailed(name, how, reason);
  };
  if (uv) {
    await step(uv, ['venv', '--quiet', '--allow-existing', '--python', interpreter, folder]);
    const install = ['pip', 'install', '--quiet', '--require-hashes', '--compile-bytecode', '--python', python];
    await step(uv, [...install, '-r', requirements]);
  } else {
    await step(interpreter, ['-m', 'venv', folder]);
    const install = ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:'];
    await step(python, [...install, '-r', requirements]);
  }
  return how;
}

/** No interpreter is ever downloaded; a surrounding virtual environment must not leak in. */
function buildEnvironment(): NodeJS.ProcessEnv {
  const { VIRTUAL_ENV: _outer, PYTHONPATH: _path, PYTHONHOME: _home, ...rest } = process.env;
  return { ...rest, UV_PYTHON_DOWNLOADS: 'never', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
}

/** `HONE_UV`, else `uv` on PATH; without one the interpreter's own venv and pip do the same, more slowly. */
async function findUv(): Promise<string | undefined> {
  const candidate = process.env['HONE_UV'] ?? 'uv';
  const { code } = await runCommand(candidate, ['--version'], { timeoutMs: 20_000 });
  return code === 0 ? candidate : undefined;
}

/** Marked as finished, and its interpreter (a link to the one it was built from) is still there. */
async function complete(folder: string): Promise<boolean> {
  return await Promise.all([access(join(folder, 'complete')), access(join(folder, 'bin', 'python'))]).then(
    () => true,
    () => false,
  );
}
