/** Volume and age: reasons to renew a model that have nothing to do with how it does. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { withDuckDb } from '../data/engine.ts';
import { parquetOf } from '../data/sql-text.ts';
import { read } from '../drift/profile.ts';
import { whole } from '../drift/sentences.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Finding } from './contract.ts';
import { labelsAsOf } from './labels.ts';
import { readLog } from './prediction-log.ts';
import { DAY, matureBefore } from './windows.ts';

export interface GrowthRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly promotedAt: string;
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
}

export async function checkGrowth(request: GrowthRequest): Promise<Finding[]> {
  const { volume, age } = request.config.triggers;
  const window = { from: new Date(request.promotedAt).toISOString(), to: new Date(request.asOf).toISOString() };
  const findings: Finding[] = [];
  if (age !== null) {
    const days = (Date.parse(request.asOf) - Date.parse(request.promotedAt)) / DAY;
    const limit = durationMs(age.older_than) / DAY;
    const sentence = `The champion was promoted ${whole(Math.floor(days))} days ago (limit ${whole(limit)} days).`;
    findings.push({ kind: 'age', subject: 'days_since_promotion', ...reached(days, limit), rows: 0, window, sentence });
  }
  if (volume !== null) {
    const labels = await newMatureLabels(request);
    const limit = volume.new_mature_labels;
    const sentence = `${whole(labels)} labels have matured since the promotion of ${window.from} (limit ${whole(limit)}).`;
    findings.push({
      kind: 'volume',
      subject: 'new_mature_labels',
      ...reached(labels, limit),
      rows: labels,
      window,
      sentence,
    });
  }
  return findings;
}

function reached(value: number, limit: number): Pick<Finding, 'state' | 'value' | 'limit' | 'windows'> {
  const beyond = value >= limit;
  return {
    state: beyond ? 'moved' : 'stable',
    value,
    limit,
    windows: { beyond: beyond ? 1 : 0, judged: 1, need: 1, of: 1 },
  };
}

/** Labelled predictions, of any version, that were too young at the promotion and are old enough now. */
async function newMatureLabels({ store, config, promotedAt, asOf, cacheDir, workDir }: GrowthRequest): Promise<number> {
  const wait = config.data.label.mature_after;
  const [from, to] = [matureBefore(promotedAt, wait), matureBefore(asOf, wait)];
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const log = to > from ? await readLog(store, config.model, { ...range, cacheDir }) : [];
  if (log.length === 0) return 0;
  const labels = await labelsAsOf(store, config.model, { asOf, from: range.from, log, cacheDir });
  return withDuckDb({ tempDir: workDir }, async (db) => {
    const [rows] = await read(
      db,
      `SELECT count(DISTINCT inference_id)::DOUBLE FROM ${parquetOf(log)} log SEMI JOIN ${parquetOf([labels.path])} labels USING (inference_id)
       WHERE epoch_ms(event_time) >= ${from} AND epoch_ms(event_time) < ${to}`,
    );
    return Number(rows?.[0] ?? 0);
  });
}
