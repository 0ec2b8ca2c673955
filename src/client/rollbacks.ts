/** Starting a rollback as a workflow, so that it goes on whatever happens to whoever asked for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { configSnapshotSchema } from '../config/snapshot.ts';
import { outsideTarget } from '../deployment/contract.ts';
import { proveReturn } from '../deployment/prove-return.ts';
import type { LedgerEntry } from '../registry/contract.ts';
import { openLedger } from '../registry/ledger.ts';
import { writeRollback } from '../registry/rollback.ts';
import { readBack, readBackText } from '../serving/read-back.ts';
import { getByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { RollbackEnd, RollbackInput } from '../workflows/rollback.ts';
import type { HoneClient } from './connect.ts';
import { TemporalUnreachable } from './errors.ts';

export interface Return {
  readonly from: number;
  readonly to: number;
  /** Seconds until every live node had followed; null where nobody was there to read it back. */
  readonly seconds: number | null;
  /** `workflow`; or `ledger`: written by this call, because Temporal or its worker did not. */
  readonly by: 'workflow' | 'ledger';
  readonly sentence: string;
}

/** A worker writes the entry within a second; longer than this and traffic matters more than who does it. */
const WRITTEN_WITHIN_MS = 5000;
/** A worker that comes later than this must not repeat what the command did itself. */
const FORGET_AFTER = '1 hour';
/** Nodes are read back for 30 s at most. */
const READ_BACK_WITHIN_MS = 45_000;

/**
 * Rolls back for a person, with or without Temporal: where no worker writes the ledger entry in time, this call does,
 * under the effect id that the workflow would use, so that it happens once. Before anything moves the version is loaded in
 * a process of its own.
 *
 * @throws VersionNotLoadable, LedgerConflict, NothingToRollBackTo, StoreUnreachable
 */
export async function rollBackForPerson(
  input: {
    client: HoneClient;
    store: ObjectStore;
    /** Where the prediction server of this machine keeps versions; left out, the worker alone looks whether the version loads. */
    cacheDir?: string;
    model: string;
    id: string;
    asOf: () => Promise<string>;
  },
  order: { to: number; reason: string; by: string },
): Promise<Return> {
  const { client, store, cacheDir, model, id, asOf } = input;
  if (cacheDir !== undefined) {
    const { config } = await openLedger(store, model).state();
    await proveReturn({ store, cacheDir }, { model, version: order.to, config });
  }
  const effectId = `${rollbackId(model, id)}/rollback`;
  const direct = async (because: string): Promise<Return> => {
    const entry = await writeRollback(store, model, { ...order, effectId, asOf: await asOf() });
    const { from, to } = turnOf(entry);
    const followed = await followers(store, model, entry, to);
    return {
      ...{ from, to, seconds: followed.seconds, by: 'ledger' },
      sentence: `Version ${to} is to answer instead of ${from}: ${because}, so this command wrote the ledger entry itself. ${followed.sentence}`,
    };
  };
  let handle: Awaited<ReturnType<typeof startRollback>>;
  try {
    handle = await startRollback(client, model, { ...order, automatic: false }, id);
  } catch (error) {
    if (error instanceof TemporalUnreachable) return await direct('Temporal does not answer');
    throw error;
  }
  const result = handle.result() as Promise<RollbackEnd>;
  result.catch(() => undefined);
  const entry = await writtenBy(store, model, effectId, result);
  if (entry === null) return await direct('no worker took it up');
  const end = await Promise.race([result, sleep(READ_BACK_WITHIN_MS, null, { ref: false })]);
  if (end !== null) return { ...end, by: 'workflow' };
  const { from, to } = turnOf(entry);
  const sentence = `Version ${to} is to answer instead of ${from}; the nodes have not confirmed it yet.`;
  return { from, to, seconds: null, by: 'workflow', sentence };
}

/** Nodes read the ledger, and are read back; a target outside has to be told. */
async function followers(
  store: ObjectStore,
  model: string,
  { state }: LedgerEntry,
  to: number,
): Promise<Pick<Return, 'seconds' | 'sentence'>> {
  const snapshot = state.config && (await getByDigest(store, 'configs', state.config, configSnapshotSchema));
  if (snapshot && outsideTarget(snapshot.model.deploy.target))
    return {
      seconds: null,
      sentence: `The deployment target was not told: hone deployment rollback ${model} --to ${to}`,
    };
  const started = performance.now();
  const wanted = { version: to, generation: state.routing.generation };
  const seen = await readBack(store, model, wanted, READ_BACK_WITHIN_MS);
  const seconds = seen.following.length === 0 ? null : (performance.now() - started) / 1000;
  const after = seconds === null ? '' : ` after ${seconds.toFixed(1)} s`;
  return { seconds, sentence: `It answers on ${readBackText(seen)}${after}.` };
}

async function startRollback(client: HoneClient, model: string, order: RollbackInput, id: string) {
  const temporal = await client.temporal();
  return await temporal.workflow.start('rollback', {
    workflowId: rollbackId(model, id),
    taskQueue: client.taskQueue,
    args: [{ model, ...order }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowExecutionTimeout: FORGET_AFTER,
    staticSummary: `${order.by}: ${order.reason}`.slice(0, 200),
  });
}

const rollbackId = (model: string, id: string) => `rollback/${model}/${id}`;

/** The entry, once it is there; null when nobody wrote it in time. A workflow that failed says why. */
async function writtenBy(store: ObjectStore, model: string, effectId: string, result: Promise<unknown>) {
  const ledger = openLedger(store, model);
  const since = Math.max(0, ((await ledger.head())?.seq ?? 0) - 20);
  let ended = false;
  const note = () => {
    ended = true;
  };
  const end = result.then(note, note);
  for (const deadline = Date.now() + WRITTEN_WITHIN_MS; Date.now() < deadline; ) {
    const found = await ledger.find(effectId, since);
    if (found) return found;
    if (ended) return null;
    await Promise.race([end, sleep(100)]);
  }
  return null;
}

function turnOf({ change }: LedgerEntry): { from: number; to: number } {
  if (change.kind !== 'rolled_back') throw new TypeError(`the effect of a rollback is "${change.kind}"`);
  return { from: change.from, to: change.to };
}
