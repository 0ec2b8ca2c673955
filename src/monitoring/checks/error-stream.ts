/** The one detector on the stream of errors: log loss of each prediction, in event order, at equal label age. A hint, no trigger. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import type { Connection } from '../../data/engine.ts';
import { parquetOf } from '../../data/sql-text.ts';
import { read } from '../../drift/profile.ts';
import { short, whole } from '../../drift/sentences.ts';
import type { Finding, Window } from '../contract.ts';
import type { LogTable } from '../log/log-table.ts';
import { DAY, windowName } from '../windows.ts';
import { pageHinkley } from './page-hinkley.ts';

/** Days after the promotion whose spread is the noise; fewer than `fewest` of them tell nothing. */
const calibration = { days: 14, fewest: 8 } as const;
/**
 * In standard deviations of the summed deviation of a day. One model on the flights of February to December 2013 gives ten
 * detections, most of them moves of the label rate; 0.1 more log loss from one day on is seen 0 to 10 days later.
 */
const spreads = 8;
const options = { minInstances: 30, delta: 0.005, alpha: 1 } as const;
const epsilon = 1e-15;

export interface ErrorStream {
  readonly config: ModelConfig;
  readonly log: LogTable;
  /** From `labelsAsOf`. */
  readonly labels: string;
  /** Event times: from the promotion to where labels are mature. */
  readonly from: number;
  readonly to: number;
  /** The newest mature window: only a detection in it is news. */
  readonly newest: Window;
}

/** @returns nothing for tasks without log loss */
export async function checkErrorStream(db: Connection, stream: ErrorStream): Promise<Finding[]> {
  if (stream.config.task !== 'binary') return [];
  const rows = await lossesOf(db, stream);
  const finding = (state: Finding['state'], value: number | null, limit: number | null, sentence: string): Finding => ({
    ...{ kind: 'error_stream' as const, subject: 'log_loss', state, value, limit, rows: rows.time.length },
    window: stream.newest,
    windows: { beyond: state === 'moved' ? 1 : 0, judged: state === 'not_judged' ? 0 : 1, need: 1, of: 1 },
    sentence,
  });
  const threshold = thresholdOf(rows);
  if (threshold === null) {
    const days = `fewer than ${calibration.fewest} days of labelled predictions since the promotion`;
    return [finding('not_judged', null, null, `Error stream: not judged (${days}). Wait for labels.`)];
  }
  const { detections, statistic } = pageHinkley(rows.loss, { ...options, threshold });
  const last = detections.at(-1);
  const figures = `limit ${short(threshold)}, ${spreads} times the spread of a day; ${whole(rows.loss.length)} labelled predictions since the promotion`;
  const detectedAt = last === undefined ? Number.NaN : (rows.time[last.at] ?? Number.NaN);
  if (last === undefined || !(detectedAt >= Date.parse(stream.newest.from)))
    return [
      finding(
        'stable',
        statistic,
        threshold,
        `Error stream: no lasting rise, Page–Hinkley ${short(statistic)} (${figures}).`,
      ),
    ];
  const since = rows.time[last.since] ?? detectedAt;
  const before = detections.at(-2)?.at ?? -1;
  const means = `log loss ${short(mean(rows.loss, before + 1, last.since))} → ${short(mean(rows.loss, last.since, last.at + 1))}`;
  const day = windowName({ from: new Date(since).toISOString(), to: new Date(since + 1).toISOString() });
  return [
    finding(
      'moved',
      threshold,
      threshold,
      `Error stream: errors rose since ${day}, ${means}, detected ${new Date(detectedAt).toISOString()} ` +
        `(Page–Hinkley, ${figures}). A hint: the label rate moves it too, and only skill starts a run.`,
    ),
  ];
}

interface Losses {
  /** Milliseconds since the epoch, ascending. */
  readonly time: Float64Array;
  readonly loss: Float64Array;
}

/** Each prediction with the first word about it, if that came in time; a later word would make old errors look different. */
async function lossesOf(db: Connection, { config, log, labels, from, to }: ErrorStream): Promise<Losses> {
  const { mature_after: matureAfter, if_never: ifNever } = config.data.label;
  const silence = ifNever === 'negative' ? '0' : ifNever === 'positive' ? '1' : 'NULL';
  const [time, prediction, label] = await read(
    db,
    `SELECT _t::DOUBLE, _prediction, coalesce(first_label, ${silence}::DOUBLE) AS y FROM ${log.relation}
     LEFT JOIN (SELECT inference_id, first_label, epoch_ms(first_observed_at) AS observed FROM ${parquetOf([labels])})
       ON inference_id = _id AND observed <= _t + ${durationMs(matureAfter)}
     WHERE _t >= ${from} AND _t < ${to} AND y IS NOT NULL AND _prediction IS NOT NULL AND isfinite(_prediction) ORDER BY _t, _id`,
  );
  const scores = Float64Array.from(prediction ?? [], (value) =>
    Math.min(1 - epsilon, Math.max(epsilon, Number(value))),
  );
  return {
    time: Float64Array.from(time ?? [], Number),
    loss: scores.map((score, i) => (Number(label?.[i]) === 1 ? -Math.log(score) : -Math.log1p(-score))),
  };
}

/** @returns null where too few of the first days have a label */
function thresholdOf({ time, loss }: Losses): number | null {
  const first = time[0];
  if (first === undefined) return null;
  const end = first + calibration.days * DAY;
  const sums = new Map<number, { sum: number; count: number }>();
  let [total, rows] = [0, 0];
  for (let i = 0; i < time.length && (time[i] ?? end) < end; i++) {
    const day = Math.floor((time[i] ?? 0) / DAY);
    const value = loss[i] ?? 0;
    const { sum, count } = sums.get(day) ?? { sum: 0, count: 0 };
    sums.set(day, { sum: sum + value, count: count + 1 });
    total += value;
    rows += 1;
  }
  if (sums.size < calibration.fewest) return null;
  const level = total / rows;
  const deviations = [...sums.values()].map(({ sum, count }) => sum - count * level);
  const spread = Math.sqrt(deviations.reduce((all, value) => all + value ** 2, 0) / (deviations.length - 1));
  return Math.max(1, spreads * spread);
}

function mean(values: Float64Array, from: number, to: number): number {
  const part = values.subarray(from, to);
  return part.length === 0 ? Number.NaN : part.reduce((sum, value) => sum + value, 0) / part.length;
}
