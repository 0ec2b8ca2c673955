/** Where a command takes a model by name or by file: the file, if there is one. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CliContext } from './context.ts';

/** The full path where `model` is a file, seen from the folder of the call; else undefined, and it is a name. */
export async function modelFileAt(context: CliContext, model: string): Promise<string | undefined> {
  const path = resolve(context.terminal.cwd, model);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  return isFile ? path : undefined;
}
