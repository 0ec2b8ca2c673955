/** The ingest stage: source files to an immutable raw snapshot of what was known at `as_of`, and what it changed. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Accepted } from '../accepted.ts';
import type { RawSnapshot, SnapshotRef } from '../contract.ts';
import { type Connection, rowsOf, withDuckDb } from '../engine.ts';
import { snapshotReferences } from '../features/references.ts';
import { snapshotRef, writeSnapshot } from '../snapshots.ts';
import { quoteName } from '../sql-text.ts';
import { gapsOf } from './cadence.ts';
import { changesSince } from './changes.ts';
import type { Changes } from './contract.ts';
import { deliveriesOf } from './deliveries.ts';
import { labelCoverage } from './label-coverage.ts';
import { type IngestProgress, windowCondition, writeMonths } from './months.ts';
import { describeSource, type OpenedSource, openSource, type Window } from './open-source.ts';
import { checkUnchanged } from './source-files.ts';
import { readable, sourceRelation } from './source-reader.ts';
import { createKnown, windowStart } from './source-table.ts';

/** Measured with 20 million rows of 20 columns: the process stays under 1 GB. Hundreds of columns need more. */
const USUAL_MEMORY_MB = 400;
const DAY = 86_400_000;

export interface IngestInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** ISO instant: rows from then on, and labels that became available after it, are left out. */
  readonly asOf: string;
  readonly workDir: string;
  readonly cacheDir: string;
  /** The newest accepted data at `asOf`: what this delivery is compared with. */
  readonly previous?: Accepted | null;
  /** Limit of the engine's buffers; 400 by default. */
  readonly memoryMb?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IngestProgress) => void;
  /** Folder that relative source paths start at; the working directory by default. */
  readonly base?: string;
}

export interface Ingested {
  readonly ref: SnapshotRef;
  readonly manifest: RawSnapshot;
  readonly changes: Changes;
}

/**
 * Rows with `event_time < asOf` in the training window, one Parquet file a UTC month, so that snapshots taken later
 * share the months that did not change. The same input gives the same digest, whatever was accepted before.
 *
 * @throws SourceMissing, SourceUnreadable, SourceIncomplete, SourceColumnMissing, SourceColumnUnsuitable,
 * SourceWithoutRows, SourceCommandFailed, UserSqlFailed
 */
export async function ingest(input: IngestInput): Promise<Ingested> {
  const { store, config, asOf, workDir, signal, memoryMb = USUAL_MEMORY_MB } = input;
  const window = { from: windowStart(config, asOf), to: asOf };
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'ingest-'));
  try {
    const source = await openSource({ ...input, base: input.base ?? process.cwd(), dir, window });
    const { files } = source;
    const allowedPaths = [...files.map(({ path }) => path), `${dir}/`];
    const snapshot = await withDuckDb(
      { tempDir: dir, memoryMb, lockDown: true, allowedPaths },
      (db) => readable(db, files, () => snapshotOf(db, input, source, window, dir)),
      signal,
    );
    await checkUnchanged(files);
    const manifest = { ...snapshot, ...(await snapshotReferences({ ...input, dir })) };
    const changes = await changesSince(input.previous ?? null, manifest, source, {
      ...input,
      dir,
      memoryMb,
    });
    const { digest } = await writeSnapshot(store, manifest);
    return { ref: snapshotRef(digest, manifest), manifest, changes };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function snapshotOf(
  db: Connection,
  input: IngestInput,
  source: OpenedSource,
  window: Window,
  dir: string,
): Promise<RawSnapshot> {
  const { config, asOf } = input;
  await createKnown(db, await sourceRelation({ db, ...source, config, dir }), config, asOf);
  const deliveries = await deliveriesOf(db, config, source, window);
  const { files, columns, first } = await writeMonths(db, { ...input, window, dir });
  const rows = `(SELECT * FROM known WHERE ${windowCondition(config, window)})`;
  return {
    kind: 'raw',
    model: config.model,
    as_of: asOf,
    window: { from: first, to: asOf },
    source: describeSource(config.data.source),
    rows: files.reduce((total, file) => total + file.rows, 0),
    columns,
    files,
    label_coverage: await labelCoverage(db, rows, config, asOf),
    producer: source.producer,
    deliveries,
    gaps: gapsOf(await daysOf(db, rows, config), Math.floor(Date.parse(asOf) / DAY)),
  };
}

/** UTC days with rows, as days since the epoch. */
async function daysOf(db: Connection, relation: string, config: ModelConfig): Promise<number[]> {
  const time = quoteName(config.data.event_time);
  const found = await rowsOf(db, `SELECT epoch_ms(${time}) // ${DAY} AS day FROM ${relation} GROUP BY 1 ORDER BY 1`);
  return found.map(({ day }) => Number(day));
}
