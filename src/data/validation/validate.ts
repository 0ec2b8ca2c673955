/** The validate stage: is this snapshot fit to train on? Rules run on it, and rows under quarantine are set aside. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { ValidationReport } from '../contract.ts';
import { withDuckDb } from '../engine.ts';
import { localFiles, readSnapshot } from '../snapshots.ts';
import { parquetOf } from '../sql-text.ts';
import { openContext } from './context.ts';
import { keepRowsAside } from './quarantine/rows.ts';
import { writeAccepted } from './quarantine/set-aside.ts';
import { localVouches } from './quarantine/vouch.ts';
import { referenceTables } from './references.ts';
import { report } from './report.ts';
import { runRules } from './rules.ts';

export interface ValidateInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** Digest of the raw snapshot. */
  readonly raw: string;
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
  /** Digest of an earlier run's raw snapshot: types and history are compared with it. */
  readonly previous?: string;
  /** Digests of the readmissions in force: rows that people vouched for are not set aside. */
  readonly vouched?: readonly string[];
  readonly signal?: AbortSignal;
  /** Folder that relative paths of `references` rules start at; the working directory by default. */
  readonly base?: string;
}

/**
 * Findings of configured and inferred rules, each with counts, at most 20 examples and a sentence that says what to do.
 *
 * Any finding of severity `reject` rejects. Rows under `quarantine` are set aside: `accepted` is the snapshot without.
 *
 * @throws UserSqlFailed where a rule or feature expression does not run; FeatureDefinitionInvalid
 */
export async function validate(input: ValidateInput): Promise<ValidationReport> {
  const { store, config, asOf, workDir, cacheDir, signal } = input;
  const raw = await readSnapshot(store, input.raw, 'raw');
  const previous = input.previous === undefined ? null : await readSnapshot(store, input.previous, 'raw');
  const paths = await localFiles(store, raw, cacheDir);
  const references = await referenceTables(config, input.base ?? process.cwd());
  const vouches = await localVouches(store, config.model, input.vouched ?? [], cacheDir);
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'validate-'));
  const allowedPaths = [...paths, ...references.values(), ...vouches.map(({ path }) => path), `${dir}/`];
  try {
    return await withDuckDb(
      { tempDir: dir, lockDown: true, allowedPaths },
      async (db) => {
        const around = { db, config, raw, previous, asOf, horizon: asOf, dir, parquet: paths, references };
        const { findings, quarantined, vouched } = await runRules(await openContext(around, parquetOf(paths)), vouches);
        const aside = quarantined === 0 ? null : await keepRowsAside(db, { store, dir });
        const rejected = findings.some(({ severity }) => severity === 'reject');
        const accepted =
          rejected || quarantined === 0 ? input.raw : await writeAccepted(db, { store, config, raw, paths, dir });
        const made = report(raw, findings, rejected ? 0 : quarantined, accepted, vouched);
        return { ...made, ...(aside ? { aside } : {}), ...(vouched > 0 ? { vouched } : {}) };
      },
      signal,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
