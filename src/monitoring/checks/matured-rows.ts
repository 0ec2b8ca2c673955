/** The champion's predictions whose labels have had their time, with the label as it was known at `asOf`. */
import type { ModelConfig } from '../../config/model.ts';
import type { Connection } from '../../data/engine.ts';
import { parquetOf } from '../../data/sql-text.ts';
import { read } from '../../drift/profile.ts';
import type { LogTable } from '../log/log-table.ts';

export interface MaturedRows {
  readonly rows: number;
  /** Milliseconds since the epoch, ascending. */
  readonly eventTime: Float64Array;
  readonly prediction: Float64Array;
  /** NaN where there is none and the configuration does not say what silence means. */
  readonly label: Float64Array;
  readonly id: readonly string[];
  /** Of several classes: the probability that the label's class was given, and 1 where it was the class told. */
  readonly classes?: { readonly ofLabel: Float64Array; readonly right: Float64Array };
}

export interface MaturedQuery {
  readonly log: LogTable;
  /** From `labelsAsOf`. */
  readonly labels: string;
  readonly from: number;
  readonly to: number;
  readonly ifNever: ModelConfig['data']['label']['if_never'];
  /** Labels are then positions of classes. */
  readonly severalClasses?: boolean;
}

export async function maturedRows(db: Connection, query: MaturedQuery): Promise<MaturedRows> {
  const silence = query.ifNever === 'negative' ? '0' : query.ifNever === 'positive' ? '1' : 'NULL';
  const classes = query.severalClasses
    ? ', _scores[y::INTEGER + 1], (list_position(_scores, list_max(_scores)) = y + 1)::DOUBLE'
    : '';
  const [time, prediction, label, id, ofLabel, right] = await read(
    db,
    `SELECT _t::DOUBLE, _prediction, coalesce(label, ${silence}::DOUBLE) AS y, _id${classes}
     FROM ${query.log.relation} LEFT JOIN (SELECT inference_id, label FROM ${parquetOf([query.labels])}) ON inference_id = _id
     WHERE _t >= ${query.from} AND _t < ${query.to} ORDER BY _t, _id`,
  );
  const numbers = (values: readonly unknown[] | undefined): Float64Array =>
    Float64Array.from(values ?? [], (value) => (value === null ? Number.NaN : Number(value)));
  return {
    rows: time?.length ?? 0,
    eventTime: numbers(time),
    prediction: numbers(prediction),
    label: numbers(label),
    id: (id ?? []).map(String),
    ...(query.severalClasses ? { classes: { ofLabel: numbers(ofLabel), right: numbers(right) } } : {}),
  };
}
