/** Rows that do not weigh the same are handed only to a trainer that declares that it uses weights. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { trainerDeclaration } from './contract.ts';
import { TrainerIgnoresWeights } from './errors.ts';
import type { Trainer } from './trainers.ts';

/** @throws TrainerIgnoresWeights where its declaration is missing, says no, or is none */
export async function requireUseOfWeights(trainer: Trainer): Promise<void> {
  const path = declarationPath(trainer.program);
  const problem = await whyNot(path);
  if (problem !== null) throw new TrainerIgnoresWeights(trainer.name, path, problem);
}

/** `trainers/mine.trainer.json` for `trainers/mine.py`. */
function declarationPath(program: string): string {
  return join(dirname(program), `${basename(program, extname(program))}.trainer.json`);
}

/** Null where the declaration says that weights are used. */
async function whyNot(path: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return 'it does not exist';
  }
  try {
    return trainerDeclaration.parse(JSON.parse(text)).weights ? null : 'it says weights: false';
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : (error as Error).message;
    return `it is no declaration (${why})`;
  }
}
