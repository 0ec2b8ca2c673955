/** One part's records of the prediction log: the columns, the privacy policy and the sample of a prediction server. */
import { DOUBLE, DuckDBDataChunk, DuckDBScalarFunction, FLOAT, VARCHAR } from '@duckdb/node-api';
import type { Connection } from '../data/engine.ts';
import { type FeatureDefinition, featureSelect } from '../data/features/definition.ts';
import { parquetOf, quoteName, quoteText } from '../data/sql-text.ts';
import type { FieldColumn, LogPolicy } from '../monitoring/log/log-policy.ts';
import { extraColumns } from '../monitoring/log/log-record.ts';
import { predictionRecord } from '../monitoring/log/records.ts';
import type { ModelInput } from '../serving/model-runtime.ts';
import type { ScoreSource } from '../serving/version-files.ts';
import type { BatchPlan } from './contract.ts';
import type { PartScores } from './part-scores.ts';

export interface LogWriting {
  /** The staged rows. */
  readonly path: string;
  readonly out: string;
  readonly plan: BatchPlan;
  readonly source: ScoreSource;
  readonly policy: LogPolicy;
  readonly looked: PartScores['looked'];
}

const ARM = 'champion';
/** Values whose hash is kept: an entity comes many times, and a hash takes longer than all else of a row. */
const REMEMBERED = 100_000;

/**
 * Needs the table `scored`. A row's inference id is its id, as it is for a row that a server answers, so labels join; the
 * batch stands under `node`. Nothing in it depends on when or how often the part was scored.
 *
 * @returns rows written; of 0 there is no file
 */
export async function writePartLog(db: Connection, writing: LogWriting): Promise<number> {
  const { path, out, source, policy, looked } = writing;
  const share = policy.sample(ARM);
  if (share <= 0) return 0;
  const definition = source.served.definition as unknown as FeatureDefinition;
  if (looked !== null) await createSeen(db, definition, looked.features);
  const features = definition.columns.map((_, i) => `_f${i}`).join(', ');
  const seen =
    looked === null
      ? `SELECT _seen.* FROM (SELECT ${featureSelect(definition)} FROM ${parquetOf([path])}) _seen(${features})`
      : 'SELECT * FROM seen';
  const { columns, raw } = logColumns(db, writing);
  const rows = `SELECT ${raw.join(', ')} FROM ${parquetOf([path])}`;
  const copied = await db.runAndReadAll(
    `COPY (SELECT ${columns.join(',\n')} FROM (SELECT * FROM (${rows}) POSITIONAL JOIN (${seen}) POSITIONAL JOIN scored)
     WHERE ${sampleSql(share)}) TO ${quoteText(out)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
  return Number(copied.getRows()[0]?.[0] ?? 0);
}

/** `raw`: what is read of the staged rows; `columns`: what is written, in the order of the server's files. */
function logColumns(
  db: Connection,
  { plan, source, policy, looked }: LogWriting,
): { columns: string[]; raw: string[] } {
  const { id, entity, event_time, threshold, raw_types } = source.served;
  const text = (name: string) => textSql(name, raw_types[name]);
  const raw = [
    `${text(id)} AS _id`,
    `CAST(${quoteName(event_time)} AS TIMESTAMPTZ) AS _time`,
    `${entity !== null && entity in raw_types ? text(entity) : 'NULL::VARCHAR'} AS _entity`,
  ];
  const entityText = "coalesce(nullif(_entity, ''), _id)";
  const { hashEntityAs } = policy;
  const own: Record<string, string> = {
    inference_id: '_id',
    entity: hashEntityAs === null ? entityText : written(db, 'entity', entityText, (v) => policy.hash(hashEntityAs, v)),
    event_time: 'epoch_ms(epoch_ms(_time))',
    logged_at: `epoch_ms(${Date.parse(plan.as_of)})`,
    model: quoteText(plan.model),
    version: String(plan.version),
    arm: quoteText(ARM),
    generation: '0',
    prediction: 'prediction',
    decision: 'decision',
    threshold: threshold === null ? 'NULL' : quoteText(String(threshold)),
    node: quoteText(`batch-${plan.batch}`),
    staged: 'false',
    ...((source.signature.classes?.length ?? 1) > 1 && source.signature.task === 'multiclass' && { scores: 'scores' }),
    ...(looked?.asOf != null && { lookup_as_of: `epoch_ms(${looked.asOf})` }),
  };
  const add = (field: FieldColumn | null, value: string, type: 'DOUBLE' | 'VARCHAR') => {
    if (field === null) return;
    own[field.column] = field.fate === 'keep' ? value : written(db, field.column, value, field.write, type);
  };
  policy.numeric.forEach((field, i) => {
    const value = `_f${i}::DOUBLE`;
    // As the server's files, which have no number that JSON cannot hold.
    add(
      field,
      field?.fate === 'keep' ? `CASE WHEN isfinite(${value}) THEN ${value} END` : `nullif(${value}, 'nan')`,
      'DOUBLE',
    );
  });
  policy.categorical.forEach((field, i) => {
    add(field, `nullif(_f${policy.numeric.length + i}, '')`, 'VARCHAR');
  });
  policy.raw.forEach((field, i) => {
    raw.push(`${field.field in raw_types ? text(field.field) : 'NULL::VARCHAR'} AS _r${i}`);
    add(field, `_r${i}`, 'VARCHAR');
  });
  const types = { ...predictionRecord.columns, ...extraColumns([{ policy }]) };
  const columns = Object.entries(types).map(
    ([name, type]) => `CAST(${own[name] ?? 'NULL'} AS ${type}) AS ${quoteName(name)}`,
  );
  return { columns, raw };
}

/** SQL of `write(value)`, called in this process; nothing for a value that is missing. */
function written(
  db: Connection,
  column: string,
  value: string,
  write: (value: unknown) => unknown,
  type: 'DOUBLE' | 'VARCHAR' = 'VARCHAR',
): string {
  const name = `written_${Buffer.from(column).toString('hex')}`;
  const known = new Map<unknown, string | null>();
  const textOf = (one: unknown): string | null => {
    let text = known.get(one);
    if (text === undefined) {
      const value = write(one);
      text = value === null || value === undefined ? null : String(value);
      if (known.size < REMEMBERED) known.set(one, text);
    }
    return text;
  };
  db.registerScalarFunction(
    DuckDBScalarFunction.create({
      name,
      parameterTypes: [type === 'DOUBLE' ? DOUBLE : VARCHAR],
      returnType: VARCHAR,
      mainFunction: (_info, input, output) => {
        const values = input.getColumnVector(0);
        for (let row = 0; row < input.rowCount; row++) {
          const one = values.getItem(row);
          output.setItem(row, one === null ? null : textOf(one));
        }
        output.flush();
      },
    }),
  );
  return `${name}(${value})`;
}

/** As a caller of the server writes it: 5, where the engine would write 5.0. */
function textSql(name: string, type: string | undefined): string {
  const text = `CAST(${quoteName(name)} AS VARCHAR)`;
  return type === 'DOUBLE' || type === 'FLOAT' ? `regexp_replace(${text}, '\\.0$', '')` : text;
}

/** `inSample` as SQL: the first 48 bits of the same hash against the same share. */
function sampleSql(share: number): string {
  if (share >= 1) return 'true';
  const limit = Math.ceil(share * 2 ** 48)
    .toString(16)
    .padStart(12, '0');
  return `substr(sha256('sample' || chr(10) || _id), 1, 12) < '${limit}'`;
}

/** The table `seen`: features as the model saw them, which joins and windows gave at the time of scoring. */
async function createSeen(
  db: Connection,
  { columns, numeric }: FeatureDefinition,
  features: readonly ModelInput[],
): Promise<void> {
  const types = columns.map((_, i) => (i < numeric.length ? FLOAT : VARCHAR));
  await db.run(`CREATE TEMP TABLE seen (${types.map((type, i) => `_f${i} ${type}`).join(', ')})`);
  const appender = await db.createAppender('seen');
  for (const some of features) {
    const chunk = DuckDBDataChunk.create(types, some.rows);
    columns.forEach((_, i) => {
      const value = (row: number) =>
        i < numeric.length
          ? (some.numeric[row * numeric.length + i] ?? null)
          : (some.categorical[i - numeric.length]?.[row] ?? null);
      chunk.setColumnValues(
        i,
        Array.from({ length: some.rows }, (_, row) => value(row)),
      );
    });
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
