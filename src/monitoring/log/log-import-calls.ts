/** Imported rows in the shape in which served ones are logged, version by version, so that one privacy policy holds for both. */
import { basename } from 'node:path';
import { type Connection, rowsOf } from '../../data/engine.ts';
import { quoteName } from '../../data/sql-text.ts';
import type { VersionManifest } from '../../registry/contract.ts';
import { digestOf } from '../../store/content.ts';
import { PredictionsRefused } from '../errors.ts';
import type { LogImport } from './log-import.ts';
import { refuseWhere } from './log-import-rows.ts';
import { type LogPolicy, logPolicyWith } from './log-policy.ts';
import type { LoggedCall, LoggedRow } from './log-record.ts';

const ROWS_A_CHUNK = 2000;
const ARMS = ['champion', 'canary', 'shadow'] as const;

export interface ImportedCall {
  /** A call without rows: its policy names the columns. */
  readonly head: LoggedCall;
  readonly features: readonly string[];
  /** What is in the table `fresh` of one version and arm. */
  chunks(): AsyncIterable<LoggedCall>;
}

/** @throws PredictionsRefused where a feature that the log keeps is missing, or is no number */
export async function importedCalls(
  db: Connection,
  request: LogImport,
  versions: readonly VersionManifest[],
): Promise<ImportedCall[]> {
  const present = new Set((await rowsOf(db, 'DESCRIBE source')).map((row) => String(row['column_name'])));
  const calls: ImportedCall[] = [];
  for (const manifest of versions) {
    const policy = await policyOf(request, manifest);
    const { numeric, categorical } = manifest.signature;
    const kept = [
      ...numeric.filter((_, k) => policy.numeric[k] !== null),
      ...categorical.filter((_, k) => policy.categorical[k] !== null),
    ];
    await checkFeatures(db, request, manifest, { present, kept });
    for (const arm of ARMS) calls.push(callOf(db, request, { manifest, policy, arm, present, kept }));
  }
  return calls;
}

async function policyOf({ config, hashKey }: LogImport, { signature }: VersionManifest): Promise<LogPolicy> {
  const { numeric, categorical } = signature;
  const fields = { numeric, categorical, entity: config.data.entity ?? null };
  return await logPolicyWith(config.monitoring.log, fields, hashKey);
}

async function checkFeatures(
  db: Connection,
  { file }: LogImport,
  { version, signature }: VersionManifest,
  { present, kept }: { readonly present: ReadonlySet<string>; readonly kept: readonly string[] },
): Promise<void> {
  const name = basename(file);
  const missing = kept.filter((feature) => !present.has(feature));
  if (missing.length > 0)
    throw new PredictionsRefused(
      name,
      `it has no column for ${missing.length} of ${kept.length} features of version ${version} that monitoring.log keeps (${missing.slice(0, 3).join(', ')})`,
      'Write the features as the model saw them, or let monitoring.log drop them.',
    );
  const own = `SELECT s.* FROM source s JOIN given g USING (_line) WHERE g.version = ${version}`;
  for (const feature of signature.numeric.filter((one) => kept.includes(one))) {
    const text = `nullif(trim(${quoteName(feature)}::VARCHAR), '')`;
    const condition = `${text} IS NOT NULL AND TRY_CAST(${text} AS FLOAT) IS NULL`;
    await refuseWhere(db, name, `(${own})`, condition, `have no number in ${feature}`);
  }
}

interface Part {
  readonly manifest: VersionManifest;
  readonly policy: LogPolicy;
  readonly arm: (typeof ARMS)[number];
  readonly present: ReadonlySet<string>;
  readonly kept: readonly string[];
}

function callOf(db: Connection, { config, recordedAt }: LogImport, part: Part): ImportedCall {
  const { manifest, policy, arm, present, kept } = part;
  const { numeric, categorical } = manifest.signature;
  const raws = policy.raw.map(({ field }) => field).filter((field) => present.has(field));
  const head: LoggedCall = {
    ...{ model: config.model, version: manifest.version, arm, generation: 0, threshold: null, policy },
    ...{ loggedAt: recordedAt, latencyMs: Number.NaN, rows: [], categorical: [] },
    numeric: new Float32Array(),
  };
  const asText = (column: string) =>
    present.has(column) ? `nullif(trim(s.${quoteName(column)}::VARCHAR), '')` : 'NULL::VARCHAR';
  const select = [
    ...['f.inference_id', 'epoch_ms(f.event_time)::DOUBLE', 'f.score', 'f.entity'],
    ...numeric.map((name) => `TRY_CAST(${asText(name)} AS FLOAT)`),
    ...[...categorical, ...raws].map(asText),
  ];
  return {
    head,
    features: kept,
    async *chunks() {
      const reader = await db.stream(
        `SELECT ${select.join(', ')} FROM fresh f JOIN source s USING (_line)
         WHERE f.version = ${manifest.version} AND f.arm = '${arm}' ORDER BY f._line`,
      );
      for (let chunk = await reader.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await reader.fetchChunk()) {
        const all = chunk.getRows();
        for (let from = 0; from < all.length; from += ROWS_A_CHUNK)
          yield callWith(head, all.slice(from, from + ROWS_A_CHUNK), { numeric, categorical, raws });
      }
    },
  };
}

function callWith(
  head: LoggedCall,
  values: readonly (readonly unknown[])[],
  {
    numeric,
    categorical,
    raws,
  }: { readonly numeric: readonly string[]; readonly categorical: readonly string[]; readonly raws: readonly string[] },
): LoggedCall {
  const first = 4;
  const numbers = new Float32Array(values.length * numeric.length);
  const rows = values.map((row, i): LoggedRow => {
    const [id, time, score, entity] = row;
    for (let k = 0; k < numeric.length; k++) {
      const value = row[first + k];
      numbers[i * numeric.length + k] = typeof value === 'number' ? value : Number.NaN;
    }
    const start = first + numeric.length + categorical.length;
    const raw = Object.fromEntries(raws.map((name, k) => [name, (row[start + k] as string | null) ?? null]));
    return {
      ...{ raw, inferenceId: String(id), entity: entity === null ? String(id) : String(entity) },
      ...{ eventTime: Number(time), propensity: null, explored: null, decision: null, staged: false },
      ...{ digest: digestOf(row.map((value) => value ?? null)), scores: [Number(score)], prediction: Number(score) },
    };
  });
  const categories = categorical.map((_, k) => values.map((row) => String(row[first + numeric.length + k] ?? '')));
  return { ...head, rows, numeric: numbers, categorical: categories };
}
