/** Columns of what serving records: predictions, labels and business figures. Documented in docs/contracts/prediction-api.md. */

/** A kind of record: where its Parquet lies, its columns in order, and the column whose day is the partition. */
export interface RecordKind {
  readonly folder: 'log' | 'labels' | 'business';
  /** DuckDB types; a TIMESTAMP arrives as milliseconds since the epoch. */
  readonly columns: Readonly<Record<string, RecordType>>;
  readonly day: string;
}
export type RecordType = 'VARCHAR' | 'DOUBLE' | 'DOUBLE[]' | 'INTEGER' | 'BOOLEAN' | 'TIMESTAMP';

/** Without the columns of features (`f_`), raw columns (`r_`) and hashes (`h_`), which differ by version. */
export const predictionRecord: RecordKind = {
  folder: 'log',
  day: 'event_time',
  columns: {
    inference_id: 'VARCHAR',
    entity: 'VARCHAR',
    event_time: 'TIMESTAMP',
    logged_at: 'TIMESTAMP',
    model: 'VARCHAR',
    version: 'INTEGER',
    arm: 'VARCHAR',
    generation: 'INTEGER',
    prediction: 'DOUBLE',
    scores: 'DOUBLE[]',
    decision: 'VARCHAR',
    threshold: 'DOUBLE',
    propensity: 'DOUBLE',
    explored: 'BOOLEAN',
    request_digest: 'VARCHAR',
    latency_ms: 'DOUBLE',
    node: 'VARCHAR',
    staged: 'BOOLEAN',
    lookup_as_of: 'TIMESTAMP',
  },
};

export const labelRecord: RecordKind = {
  folder: 'labels',
  day: 'observed_at',
  columns: {
    inference_id: 'VARCHAR',
    label: 'DOUBLE',
    label_text: 'VARCHAR',
    observed_at: 'TIMESTAMP',
    recorded_at: 'TIMESTAMP',
  },
};

export const businessRecord: RecordKind = {
  folder: 'business',
  day: 'observed_at',
  columns: {
    inference_id: 'VARCHAR',
    window_from: 'TIMESTAMP',
    window_to: 'TIMESTAMP',
    name: 'VARCHAR',
    value: 'DOUBLE',
    observed_at: 'TIMESTAMP',
    recorded_at: 'TIMESTAMP',
  },
};
