/** Validates files where they lie: no store, no snapshot, no server. What ingest would refuse becomes a finding. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import { withDuckDb } from '../engine.ts';
import { type OpenedSource, openSource } from '../ingest/open-source.ts';
import { checkUnchanged } from '../ingest/source-files.ts';
import { readable } from '../ingest/source-reader.ts';
import { openContext, type RawManifest } from './context.ts';
import { deliveredRows, historyOf } from './delivered-rows.ts';
import { type DeliveryReport, deliveryReport } from './delivery-report.ts';
import { lineNumbers } from './line-numbers.ts';
import { referenceTables } from './references.ts';
import { refusalFinding } from './refusals.ts';
import { roleFindings } from './roles.ts';
import { runRules } from './rules.ts';
import { counted } from './shown.ts';
import { sourceAt } from './source-at.ts';
import { usualColumns } from './usual-columns.ts';

export interface DeliveryInput {
  readonly config: ModelConfig;
  /** A file, a glob or a folder. */
  readonly data: string;
  /** Earlier deliveries that this one is compared with. */
  readonly history?: string;
  /** ISO instant; null: the newest event that is not later than `now`, so that only times after `now` are the future. */
  readonly asOf: string | null;
  /** The time of the call. */
  readonly now: string;
  readonly workDir: string;
  /** Folder that `data` and `history` start at. */
  readonly cwd: string;
  /** Folder that relative paths in the model file start at. */
  readonly base: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentence: string) => void;
  /** Of the engine's buffers. */
  readonly memoryMb?: number;
}

/**
 * Verdict and findings, worst first; nothing is written outside `workDir`.
 *
 * @throws SourceMissing where `data` names nothing; UserSqlFailed, UserSqlTooSlow, FeatureDefinitionInvalid,
 * ReferenceTableUnreadable where the model file is at fault
 */
export async function validateDelivery(input: DeliveryInput): Promise<DeliveryReport> {
  await mkdir(input.workDir, { recursive: true });
  const dir = await mkdtemp(join(input.workDir, 'delivery-'));
  try {
    const references = await referenceTables(input.config, input.base);
    const data = await open(input, input.data, join(dir, 'data'));
    const history = input.history === undefined ? null : await open(input, input.history, join(dir, 'history'));
    const expected = await usualColumns(input.config, input.base, dir);
    return await judge(input, { dir, references, data, history, expected });
  } catch (error) {
    const finding = refusalFinding(error);
    if (finding === null) throw error;
    return deliveryReport({ asOf: input.asOf, findings: [finding], read: 0, quarantined: 0 });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Opened {
  readonly config: ModelConfig;
  readonly source: OpenedSource;
  readonly dir: string;
}

async function open(input: DeliveryInput, path: string, dir: string): Promise<Opened> {
  await mkdir(dir, { recursive: true });
  const config = sourceAt(input.config, path);
  const window = { from: null, to: input.asOf ?? input.now };
  const { cwd: base, signal } = input;
  const source = await openSource({ config, base, dir, cacheDir: join(dir, 'cache'), window, signal });
  return { config, source, dir };
}

interface Prepared {
  readonly dir: string;
  readonly references: ReadonlyMap<string, string>;
  readonly data: Opened;
  readonly history: Opened | null;
  readonly expected: RawManifest['columns'] | null;
}

async function judge(input: DeliveryInput, prepared: Prepared): Promise<DeliveryReport> {
  const { config, now, signal, onProgress } = input;
  const { dir, references, data, history, expected } = prepared;
  const files = [...data.source.files, ...(history?.source.files ?? [])];
  const allowedPaths = [...files.map(({ path }) => path), ...references.values(), `${dir}/`];
  const { memoryMb = 1024 } = input;
  const report = await withDuckDb(
    { tempDir: dir, memoryMb, lockDown: true, allowedPaths },
    (db) =>
      readable(db, files, async () => {
        onProgress?.(`reading ${counted(data.source.files.length, 'file')}`);
        const past = history && (await historyOf(db, history));
        const rows = await deliveredRows(db, { ...data, asOf: input.asOf, now }, (relation, columns) =>
          roleFindings(db, config, relation, columns),
        );
        if ('findings' in rows) return deliveryReport({ ...rows, asOf: input.asOf, read: rows.rows, quarantined: 0 });
        const { raw, relation, parquet } = rows;
        onProgress?.(`checking ${counted(raw.rows, 'row')}`);
        const lineOf = await lineNumbers(db, data.source, relation);
        const horizon = input.asOf ?? now;
        const around = {
          db,
          config,
          raw,
          previous: null,
          expected,
          asOf: raw.as_of,
          horizon,
          labelHorizon: now,
          dir,
          parquet,
          references,
        };
        const context = await openContext({ ...around, ...(lineOf ? { lineOf } : {}) }, relation, past);
        const { findings, quarantined } = await runRules(context);
        return deliveryReport({ asOf: raw.as_of, findings, read: raw.rows, quarantined });
      }),
    signal,
  );
  await checkUnchanged(files);
  return report;
}
