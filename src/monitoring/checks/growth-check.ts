/** Volume and age: reasons to renew a model that have nothing to do with how it does. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import type { Connection } from '../../data/engine.ts';
import { parquetOf } from '../../data/sql-text.ts';
import { read } from '../../drift/profile.ts';
import { whole } from '../../drift/sentences.ts';
import type { Finding } from '../contract.ts';
import { DAY, matureBefore } from '../windows.ts';

export interface GrowthInput {
  readonly config: ModelConfig;
  readonly promotedAt: string;
  readonly asOf: string;
  /** Log files that reach back to `volumeFrom`, and the labels of their rows. */
  readonly paths: readonly string[];
  readonly labels: string;
}

/** Event time from which volume counts: rows that were too young for their label at the promotion. */
export function volumeFrom(config: ModelConfig, promotedAt: string): number {
  return matureBefore(promotedAt, config.data.label.mature_after);
}

export async function checkGrowth(db: Connection, request: GrowthInput): Promise<Finding[]> {
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
    const labels = await newMatureLabels(db, request);
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
async function newMatureLabels(db: Connection, input: GrowthInput): Promise<number> {
  const { config, promotedAt, asOf, paths, labels } = input;
  const [from, to] = [volumeFrom(config, promotedAt), matureBefore(asOf, config.data.label.mature_after)];
  if (to <= from || paths.length === 0) return 0;
  const [rows] = await read(
    db,
    `SELECT count(DISTINCT inference_id)::DOUBLE FROM ${parquetOf(paths)} log
     SEMI JOIN ${parquetOf([labels])} labels USING (inference_id)
     WHERE epoch_ms(event_time) >= ${from} AND epoch_ms(event_time) < ${to}`,
  );
  return Number(rows?.[0] ?? 0);
}
