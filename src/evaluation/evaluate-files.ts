/** Judges versions on files that somebody names: no server, no run, nothing written to the store. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { RawSnapshot } from '../data/contract.ts';
import { SourceWithoutRows } from '../data/ingest/errors.ts';
import { ingest } from '../data/ingest/ingest.ts';
import type { IngestProgress } from '../data/ingest/months.ts';
import { sourceAt } from '../data/validation/source-at.ts';
import type { VersionManifest } from '../registry/contract.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { openStore } from '../store/open-store.ts';
import { cleanFrom } from './clean-rows.ts';
import type { EvaluationReport } from './contract.ts';
import { NoRowsToEvaluate } from './errors.ts';
import { evaluateVersions } from './evaluate-versions.ts';
import { versionScorer } from './score-version.ts';

export interface FilesInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly version: VersionManifest;
  /** Judged on the same rows; its place in the report is that of the champion. */
  readonly against: VersionManifest | null;
  /** A file, a glob or a folder, from `cwd`. */
  readonly data: string;
  readonly asOf: string;
  /** Leave out the rows that a compared version may have seen while it was fitted or chosen. */
  readonly cleanOnly: boolean;
  readonly cwd: string;
  readonly workDir: string;
  readonly cacheDir: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentence: string) => void;
}

export interface FilesEvaluation {
  readonly data: { readonly rows: number; readonly from: string; readonly to: string };
  readonly as_of: string;
  /** Judged rows before `until` may have been seen by a compared version: figures on them are too good. */
  readonly seen: { readonly rows: number; readonly until: string };
  readonly report: EvaluationReport;
}

/**
 * Figures of one or two versions on the labelled, mature rows of the files. Windows see only the rows of the files.
 *
 * @throws NoRowsToEvaluate; SourceMissing and whatever else `ingest` refuses; UserSqlFailed where a column of the
 *   version's features is not there
 */
export async function evaluateFiles(input: FilesInput): Promise<FilesEvaluation> {
  const { version, against, asOf, workDir, cacheDir, signal, onProgress } = input;
  // A rolling window is about training: whoever names a file wants all of it judged.
  const config = withAllRows(sourceAt(input.config, input.data));
  const rowsStore = openStore(`file:${workDir}/store`);
  const reading = { config, asOf, workDir, cacheDir, ...(signal ? { signal } : {}) };
  const source = {
    store: rowsStore,
    base: input.cwd,
    onProgress: (done: IngestProgress) => onProgress?.(`reading ${done.sentence}`),
  };
  const snapshot = await ingest({ ...reading, ...source }).catch((error: unknown) => {
    if (error instanceof SourceWithoutRows) throw new NoRowsToEvaluate(input.data, 'it holds no row before --as-of');
    throw error;
  });
  const until = cleanFrom([version.fit_end, against?.fit_end ?? null], durationMs(config.training.split.gap));
  const window = { from: input.cleanOnly ? until : new Date(0).toISOString(), to: asOf };
  const score = versionScorer({ ...reading, store: input.store, rowsStore, raw: snapshot.ref.digest, window });
  onProgress?.(`scoring and judging ${snapshot.manifest.rows.toLocaleString('en-US')} rows`);
  const compared = { candidate: version, champion: against, anchor: null };
  const { report, rows: judged } = await evaluateVersions({ ...reading, score, ...compared });
  if (report.rows === 0) throw new NoRowsToEvaluate(input.data, whyNone(input, snapshot.manifest, until));
  const seen = judged.eventTime.reduce((count, time) => count + (time < Date.parse(until) ? 1 : 0), 0);
  const { rows, window: covered } = snapshot.manifest;
  return { data: { rows, ...covered }, as_of: asOf, seen: { rows: seen, until }, report };
}

function withAllRows(config: ModelConfig): ModelConfig {
  return { ...config, training: { ...config.training, window: { type: 'all_history' } } };
}

function whyNone({ asOf, cleanOnly, config }: FilesInput, { rows }: RawSnapshot, until: string): string {
  const { column, mature_after: mature } = config.data.label;
  const clean = cleanOnly ? `, and is after ${until}, up to which a compared version may have seen rows` : '';
  return `none of its ${rows} rows has a usable value in the label column ${column}, is older than ${mature} at ${asOf}${clean}`;
}
