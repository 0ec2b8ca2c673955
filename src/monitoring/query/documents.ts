/** Versions, runs and ledger entries of a model as flat rows. */
import { z } from 'zod';
import type { LedgerEntry } from '../../registry/contract.ts';
import { openLedger } from '../../registry/ledger.ts';
import { readVersion, versionStatus } from '../../registry/versions.ts';
import { findDocument } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';

export type Row = Readonly<Record<string, unknown>>;

/** What a run's record has for a query; the rest passes. */
const runRecord = z.looseObject({ sentence: z.string(), ended_at: z.string() });

export interface ModelDocuments {
  readonly ledger: readonly Row[];
  readonly runs: readonly Row[];
  readonly versions: readonly Row[];
}

/** @param wanted others are left empty, because they cost a read for each row */
export async function modelDocuments(
  store: ObjectStore,
  model: string,
  wanted: ReadonlySet<string>,
): Promise<ModelDocuments> {
  const entries: LedgerEntry[] = [];
  for await (const entry of openLedger(store, model).entries()) entries.push(entry);
  return {
    ledger: entries.map((entry) => ledgerRow(model, entry)),
    runs: wanted.has('runs') ? await runRows(store, model, entries) : [],
    versions: wanted.has('versions') ? await versionRows(store, model, entries) : [],
  };
}

function ledgerRow(model: string, { seq, at, as_of, actor, trust, why, change, effectId }: LedgerEntry): Row {
  return { model, seq, at, as_of, actor, trust, why, kind: change.kind, effect_id: effectId, change };
}

async function runRows(store: ObjectStore, model: string, entries: readonly LedgerEntry[]): Promise<Row[]> {
  const ends = new Map(
    entries.flatMap(({ change, at }) =>
      change.kind === 'run_ended' ? [[change.run, { ...change, at }] as const] : [],
    ),
  );
  const starts = entries.flatMap(({ change, at, as_of, why }) =>
    change.kind === 'run_started' ? [{ run: change.run, trigger: change.trigger, at, as_of, why }] : [],
  );
  return await Promise.all(
    starts.map(async ({ run, trigger, at, as_of, why }): Promise<Row> => {
      const end = ends.get(run);
      const record = await findDocument(store, `models/${model}/runs/${run}/record.json`, runRecord);
      const ended_at = end?.at ?? record?.ended_at ?? null;
      const outcome = end?.outcome ?? null;
      const sentence = record?.sentence ?? null;
      const version = end?.version ?? null;
      return { model, run, trigger, as_of, started_at: at, ended_at, outcome, version, reason: why, sentence };
    }),
  );
}

async function versionRows(store: ObjectStore, model: string, entries: readonly LedgerEntry[]): Promise<Row[]> {
  const registered = entries.flatMap(({ change }) => (change.kind === 'version_registered' ? [change] : []));
  return await Promise.all(
    registered.map(async ({ version, manifest }): Promise<Row> => {
      const read = await readVersion(store, model, version, manifest);
      const { run, trigger, as_of, registered_at, fit_end, refit, twin, champion, code, config, data } = read;
      return {
        ...{ model, version, status: versionStatus(entries, version), run, trigger, as_of, registered_at, fit_end },
        ...{ refit, twin, champion, commit: code.commit, config, manifest, metrics: read.metrics, params: read.params },
        raw_snapshot: data?.raw ?? null,
        feature_snapshot: data?.features ?? null,
      };
    }),
  );
}
