/** Staged damage to the demo's own copy of the delivered months, and its repair. */
import { copyFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { withDuckDb } from '../../data/engine.ts';
import { parquetOf, quoteInstant, quoteText } from '../../data/sql-text.ts';
import { deliveredEvents, type Stage } from './stage.ts';

/** The newest month arrives with every flight twice, the second time with another temperature. */
export async function damageDelivery(stage: Stage, now: string): Promise<string> {
  const name = `${now.slice(0, 7)}.parquet`;
  await rewrite(
    stage,
    name,
    (rows) => `SELECT * FROM ${rows} UNION ALL SELECT * REPLACE ((temp_f + 40)::FLOAT AS temp_f) FROM ${rows}`,
  );
  return `events/${name} now holds every flight twice, the second time 40 °F warmer`;
}

/** The labels of the last six weeks are dealt out anew at random: a model can learn nothing from them. */
export async function spoilLabels(stage: Stage, now: string): Promise<string> {
  const since = new Date(Date.parse(now) - 42 * 86_400_000).toISOString();
  const names = (await readdir(deliveredEvents)).filter(
    (name) => name >= since.slice(0, 7) && name <= `${now.slice(0, 7)}.parquet`,
  );
  for (const name of names) {
    const spoilt = `CASE WHEN arrived_late IS NULL OR event_ts < ${quoteInstant(since)} THEN arrived_late ELSE (hash(flight_id) % 2)::INT END`;
    await rewrite(stage, name, (rows) => `SELECT * REPLACE (${spoilt} AS arrived_late) FROM ${rows}`);
  }
  return `the labels since ${since.slice(0, 10)} are dealt out at random`;
}

export async function restoreDeliveries(stage: Stage): Promise<void> {
  for (const name of await readdir(deliveredEvents))
    await copyFile(join(deliveredEvents, name), join(stage.dir, 'events', name));
}

async function rewrite(stage: Stage, name: string, select: (rows: string) => string): Promise<void> {
  const path = join(stage.dir, 'events', name);
  const aside = join(stage.dir, 'scratch', name);
  await withDuckDb({ tempDir: join(stage.dir, 'scratch') }, async (db) => {
    const rows = parquetOf([join(deliveredEvents, name)]);
    await db.run(
      `COPY (SELECT * FROM (${select(rows)}) ORDER BY event_ts, flight_id) TO ${quoteText(aside)} (FORMAT parquet)`,
    );
  });
  await rename(aside, path);
}
