/** The views that a query may read: their names, what a row is, and their columns. */
import { businessRecord, labelRecord, predictionRecord, type RecordKind, type RecordType } from '../log/records.ts';

export const viewNames = ['predictions', 'labels', 'label_reports', 'business', 'versions', 'runs', 'ledger'] as const;
export type ViewName = (typeof viewNames)[number];

export interface View {
  /** What one row is. */
  readonly row: string;
  /** DuckDB types, in order. */
  readonly columns: Readonly<Record<string, RecordType | 'BIGINT' | 'JSON'>>;
}

const recorded = (kind: RecordKind): View['columns'] => ({ model: 'VARCHAR', ...kind.columns });

export const views: Readonly<Record<ViewName, View>> = {
  predictions: {
    row: 'a logged prediction of one arm; features as f_, hashes h_, buckets b_, first characters t_, raw columns r_',
    columns: recorded(predictionRecord),
  },
  labels: {
    row: 'a prediction that has a label: the label that counts today',
    columns: {
      model: 'VARCHAR',
      inference_id: 'VARCHAR',
      label: 'DOUBLE',
      label_text: 'VARCHAR',
      observed_at: 'TIMESTAMP',
      first_label: 'DOUBLE',
      first_observed_at: 'TIMESTAMP',
      corrections: 'BIGINT',
    },
  },
  label_reports: {
    row: 'a label as it was reported: repeated, corrected and unknown ones too',
    columns: recorded(labelRecord),
  },
  business: { row: 'a business figure as it was reported', columns: recorded(businessRecord) },
  versions: {
    row: 'a registered version',
    columns: {
      model: 'VARCHAR',
      version: 'INTEGER',
      status: 'VARCHAR',
      run: 'VARCHAR',
      trigger: 'VARCHAR',
      as_of: 'TIMESTAMP',
      registered_at: 'TIMESTAMP',
      fit_end: 'TIMESTAMP',
      refit: 'VARCHAR',
      twin: 'INTEGER',
      champion: 'INTEGER',
      commit: 'VARCHAR',
      config: 'VARCHAR',
      raw_snapshot: 'VARCHAR',
      feature_snapshot: 'VARCHAR',
      manifest: 'VARCHAR',
      metrics: 'JSON',
      params: 'JSON',
    },
  },
  runs: {
    row: 'a run, from the ledger and from its record',
    columns: {
      model: 'VARCHAR',
      run: 'VARCHAR',
      trigger: 'VARCHAR',
      as_of: 'TIMESTAMP',
      started_at: 'TIMESTAMP',
      ended_at: 'TIMESTAMP',
      outcome: 'VARCHAR',
      version: 'INTEGER',
      reason: 'VARCHAR',
      sentence: 'VARCHAR',
    },
  },
  ledger: {
    row: 'a change of a model',
    columns: {
      model: 'VARCHAR',
      seq: 'INTEGER',
      at: 'TIMESTAMP',
      as_of: 'TIMESTAMP',
      actor: 'VARCHAR',
      trust: 'VARCHAR',
      why: 'VARCHAR',
      kind: 'VARCHAR',
      effect_id: 'VARCHAR',
      change: 'JSON',
    },
  },
};
