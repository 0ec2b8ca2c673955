/** Finds the program behind `training.trainer`: the shipped one by name, a team's own by path. */
import { access, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf, sha256Of } from '../store/content.ts';
import { TrainerUnknown } from './errors.ts';

/** `trainers/` of this installation: the shipped trainers and the Python library `hone_trainer`. */
export const trainersFolder = fileURLToPath(new URL('../../trainers/', import.meta.url));

export interface Trainer {
  /** As the model file names it. */
  readonly name: string;
  readonly program: string;
  /** Hashed requirements of a Python trainer; null for a program of another kind, which is started directly. */
  readonly requirements: string | null;
  /** Digest of the program, the library and the requirements: what the result depends on besides job and platform. */
  readonly digest: string;
}

/**
 * `lightgbm` is `trainers/lightgbm_trainer.py`. Anything else is a path relative to `base`. A Python program brings
 * `<program>.requirements.txt` or `requirements.txt` beside itself; without one it runs in the shipped environment.
 *
 * @throws TrainerUnknown naming the places looked at
 */
export async function findTrainer(name: string, base = process.cwd()): Promise<Trainer> {
  const shipped = /^[a-z][a-z0-9_]*$/.test(name) ? [join(trainersFolder, `${name}_trainer.py`)] : [];
  const tried = [...shipped, resolve(base, name)];
  const program = await firstThere(tried);
  if (!program) throw new TrainerUnknown(name, tried);
  if (extname(program) !== '.py') {
    return { name, program, requirements: null, digest: digestOf({ program: await fileDigest(program) }) };
  }
  const folder = dirname(program);
  const requirements = await firstThere([
    join(folder, `${basename(program, '.py')}.requirements.txt`),
    join(folder, 'requirements.txt'),
    join(trainersFolder, 'requirements.txt'),
  ]);
  if (!requirements) throw new TrainerUnknown(name, [join(trainersFolder, 'requirements.txt')]);
  const digest = digestOf({
    program: await fileDigest(program),
    library: await libraryDigest(),
    requirements: await fileDigest(requirements),
  });
  return { name, program, requirements, digest };
}

async function libraryDigest(): Promise<string> {
  const folder = join(trainersFolder, 'hone_trainer');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.py')).sort();
  return digestOf(await Promise.all(names.map(async (name) => [name, await fileDigest(join(folder, name))])));
}

async function fileDigest(path: string): Promise<string> {
  return sha256Of(await readFile(path));
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
}
