/** The temporary table `scored`: prediction, decision and, of several classes, scores, in the order of the part's rows. */
import { DOUBLE, DuckDBDataChunk, type DuckDBListValue, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import type { Connection } from '../data/engine.ts';
import { quoteText } from '../data/sql-text.ts';
import { decisionOf } from '../serving/prediction-of.ts';
import type { ScoreSource } from '../serving/version-files.ts';
import type { PartScores } from './part-scores.ts';

/** As many as the engine keeps in one vector. */
const CHUNK = 2048;

export async function createScored(db: Connection, scores: PartScores, source: ScoreSource): Promise<void> {
  if (scores.width > 1) await createClasses(db, scores, source);
  else await createSingle(db, scores, source);
}

/** The engine decides as `decisionOf` does, a million times faster than row by row here. */
async function createSingle(
  db: Connection,
  { scores }: PartScores,
  { signature, served: { threshold } }: ScoreSource,
): Promise<void> {
  const limit = `CAST(${quoteText(String(threshold))} AS DOUBLE)`;
  const decision =
    signature.task === 'binary' && threshold !== null
      ? `CASE WHEN prediction >= ${limit} THEN '1' ELSE '0' END`
      : 'NULL';
  await db.run('CREATE TEMP TABLE predicted (prediction DOUBLE)');
  const appender = await db.createAppender('predicted');
  for (let from = 0; from < scores.length; from += CHUNK) {
    const count = Math.min(CHUNK, scores.length - from);
    const chunk = DuckDBDataChunk.create([DOUBLE], count);
    const vector = chunk.getColumnVector(0);
    for (let i = 0; i < count; i++) vector.setItem(i, scores[from + i] ?? null);
    vector.flush();
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
  await db.run(`CREATE TEMP VIEW scored AS SELECT prediction, CAST(${decision} AS VARCHAR) AS decision FROM predicted`);
}

async function createClasses(db: Connection, { scores, width }: PartScores, source: ScoreSource): Promise<void> {
  const { signature, served } = source;
  await db.run('CREATE TEMP TABLE scored (prediction DOUBLE, decision VARCHAR, scores DOUBLE[])');
  const appender = await db.createAppender('scored');
  const rows = scores.length / width;
  for (let from = 0; from < rows; from += CHUNK) {
    const count = Math.min(CHUNK, rows - from);
    const predictions: number[] = [];
    const decisions: (string | null)[] = [];
    const lists: DuckDBListValue[] = [];
    for (let row = from; row < from + count; row++) {
      const own = scores.subarray(row * width, (row + 1) * width);
      const { prediction, decision } = decisionOf(signature, served.threshold, own);
      predictions.push(prediction);
      decisions.push(decision === null ? null : String(decision));
      lists.push(listValue([...own]));
    }
    const chunk = DuckDBDataChunk.create([DOUBLE, VARCHAR, LIST(DOUBLE)], count);
    chunk.setColumns([predictions, decisions, lists]);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
