/** Rows that do not weigh the same are handed only to a trainer that says it can use weights. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { rowsOf, withDuckDb } from '../data/engine.ts';
import { parquetOf } from '../data/sql-text.ts';
import { trainerDeclaration } from './contract.ts';
import { TrainerIgnoresWeights } from './errors.ts';
import type { Trainer } from './trainers.ts';

/**
 * Looks at the rows themselves, so that no caller can forget to say that they are weighted.
 *
 * @param train Parquet files with a column `_weight`
 * @throws TrainerIgnoresWeights before anything is trained
 */
export async function refuseUnusedWeights(trainer: Trainer, train: readonly string[], workDir: string): Promise<void> {
  const path = declarationPath(trainer.program);
  const problem = await whyNot(path);
  if (problem !== null && (await areWeighted(train, workDir))) {
    throw new TrainerIgnoresWeights(trainer.name, path, problem);
  }
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

async function areWeighted(train: readonly string[], workDir: string): Promise<boolean> {
  const found = await withDuckDb({ tempDir: workDir }, (db) =>
    rowsOf(db, `SELECT count(*) AS n FROM (SELECT 1 FROM ${parquetOf(train)} WHERE _weight <> 1.0 LIMIT 1)`),
  );
  return Number(found[0]?.['n']) > 0;
}
