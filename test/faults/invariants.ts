/** What must hold after every fault, read back from ledger, store and the prediction servers' own records. */
import { expect } from 'vitest';
import { z } from 'zod';
import { packet } from '../../src/gate/contract.ts';
import type { LedgerEntry, LedgerState } from '../../src/registry/contract.ts';
import { manifestKey } from '../../src/registry/keys.ts';
import { listVersions, readAttestation, readVersion } from '../../src/registry/versions.ts';
import { MODEL_FILE } from '../../src/serving/contract.ts';
import { checkGolden, ModelRuntime } from '../../src/serving/model-runtime.ts';
import { readNodes } from '../../src/serving/nodes.ts';
import { getBlob } from '../../src/store/content.ts';
import type { Town } from '../town.ts';
import { eventually } from './eventually.ts';

/** What is looked at: a whole town, or one model of the soak. */
export type Watched = Pick<Town, 'model' | 'store' | 'ledger' | 'client' | 'workspace' | 'serving'>;

/**
 * Checks I1 to I8, I10 and I11 of a model whose runs have all ended, and that nobody holds its lock.
 *
 * I9 is about the answers that callers had: `traffic()` of a town counts them, the soak judges each. I12 is looked at by
 * `replays.ts`, which takes seconds.
 */
export async function expectInvariants(town: Watched): Promise<void> {
  const entries: LedgerEntry[] = [];
  for await (const entry of town.ledger.entries()) entries.push(entry);
  const state = entries.at(-1)?.state as LedgerState;

  expect(state.activeRun, 'nobody holds the lock').toBeNull();
  await expectOneEntryForEachChange(town, entries);
  await expectLoadableChampion(town, state);
  await expectNodesFollow(town, state);
  for (const entry of entries) if (entry.change.kind === 'promoted') await expectApproved(town, entry);
  expectOnePromotionInFlight(entries);
  expectFailedRunsChangedNothing(entries);
  await expectVersionsAsRegistered(town, entries);
  expectPromotionsKept(entries);
  await expectNoneStuck(town);
  await expectNothingSecret(town, entries);
}

/** I8: the chain verifies, and nothing moved without an entry that says so. */
async function expectOneEntryForEachChange(town: Watched, entries: readonly LedgerEntry[]): Promise<void> {
  expect(await town.ledger.verify(), 'I8: the ledger verifies').toMatchObject({ ok: true, entries: entries.length });
  const moves = ['promoted', 'rolled_back', 'rollout_undone'];
  const routes = [...moves, 'rollout_prepared', 'rollout_step', 'lock_released', 'repaired'];
  for (const [before, { seq, change, state }] of pairs(entries)) {
    const what = `I8: entry ${seq} (${change.kind})`;
    if (state.aliases.champion?.version !== before.aliases.champion?.version) {
      expect(moves, `${what} moves the champion`).toContain(change.kind);
    }
    if (state.routing.generation !== before.routing.generation) {
      expect(routes, `${what} changes routing`).toContain(change.kind);
      expect(state.routing.generation, what).toBe(before.routing.generation + 1);
    } else {
      expect(state.routing, `${what} leaves routing alone`).toEqual(before.routing);
    }
  }
}

/** I1: the champion is complete, its checksums hold, it loads and answers its golden rows. */
async function expectLoadableChampion(town: Watched, state: LedgerState): Promise<void> {
  const champion = state.aliases.champion?.version;
  if (champion === undefined) {
    expect(state.routing.arms, 'I1: without a champion nothing is served').toEqual([]);
    return;
  }
  expect(state.routing.arms, 'I1: all traffic goes to the champion').toEqual([
    { version: champion, share: 100, lease: null },
  ]);
  const manifest = await readVersion(town.store, town.model, champion);
  let model = new Uint8Array();
  for (const { name, sha256 } of manifest.files) {
    const body = await getBlob(town.store, sha256);
    if (name === MODEL_FILE) model = new Uint8Array(body);
  }
  const runtime = await ModelRuntime.load(model, manifest.signature);
  await checkGolden(runtime, manifest.golden).finally(() => runtime.release());
}

/** I1, on the nodes themselves: each follows the newest routing and nothing else is left loaded for traffic. */
async function expectNodesFollow(town: Watched, state: LedgerState): Promise<void> {
  if (!town.serving) return;
  await eventually(async () => {
    const nodes = (await readNodes(town.store)).map(({ models }) => models[town.model]);
    expect(nodes.length, 'I1: somebody serves').toBeGreaterThan(0);
    for (const node of nodes) {
      expect(node, 'I1: the nodes follow the ledger').toMatchObject({
        generation: state.routing.generation,
        champion: state.aliases.champion?.version ?? null,
        lapsed: [],
        failed: [],
      });
    }
  }, 15_000);
}

const approval = z.looseObject({
  run: z.string(),
  packet: z.string(),
  verdict: z.looseObject({ kind: z.string(), by: z.array(z.string()) }),
});
const reasons = z.array(z.looseObject({ kind: z.string(), by: z.string() }));

/** I2 and I7: a passing gate and the approvals that the policy asks for, bound to one packet; none by who started it. */
async function expectApproved(town: Watched, { change, seq, state }: LedgerEntry): Promise<void> {
  if (change.kind !== 'promoted') return;
  const { version } = change;
  const what = `I2: version ${version}, promoted in entry ${seq},`;
  const seen = await readAttestation(town.store, town.model, version, 'packet', packet);
  const decided = await readAttestation(town.store, town.model, version, 'approval-1', approval);
  expect(seen?.gate.verdict, `${what} passed the gate`).toBe('pass');
  expect(seen?.candidate.served.version, `${what} is what the packet offered`).toBe(version);
  expect(decided, `${what} was approved`).toMatchObject({ packet: seen?.digest, verdict: { kind: 'approved' } });

  const asked = reasons.parse(
    JSON.parse(new TextDecoder().decode(await town.store.get(`models/${town.model}/runs/${seen?.run}/reasons.json`))),
  );
  const people = town.workspace.hone.groups['ops-ml'] ?? [];
  for (const by of decided?.verdict.by ?? []) {
    if (by === 'policy') continue;
    expect(people, `${what} by somebody who may`).toContain(by);
    expect(
      asked.map((one) => one.by),
      `I7: ${by} did not start the run`,
    ).not.toContain(by);
  }
  expect(state.aliases.champion?.effectId, `${what} by its own run`).toBe(`${seen?.run}/deploy/promote`);
}

/** I4: one candidate at most, of the run that holds the lock. */
function expectOnePromotionInFlight(entries: readonly LedgerEntry[]): void {
  for (const { seq, change, actor, state } of entries) {
    const champion = state.aliases.champion?.version;
    const candidates = state.routing.arms.filter((arm) => arm.version !== champion);
    expect(candidates.length, `I4: entry ${seq} has one candidate at most`).toBeLessThanOrEqual(1);
    if (!['rollout_prepared', 'rollout_step', 'promoted'].includes(change.kind)) continue;
    expect(state.activeRun?.run, `I4: entry ${seq} is by the run that holds the lock`).toBe(actor);
  }
}

/** I5: where a run did not end promoted, everything that serves is as before it, or as somebody newer wanted it. */
function expectFailedRunsChangedNothing(entries: readonly LedgerEntry[]): void {
  for (const { seq, change, state } of entries) {
    const failed = change.kind === 'run_ended' && change.outcome !== 'promoted';
    if (!failed && change.kind !== 'lock_released') continue;
    const start = entries.findIndex((entry) => entry.change.kind === 'run_started' && entry.change.run === change.run);
    const during = entries.slice(start, seq);
    if (during.some((entry) => entry.change.kind === 'rolled_back')) continue;
    // A run that was terminated after its promotion left a finished one.
    if (change.kind === 'lock_released' && during.some((entry) => entry.change.kind === 'promoted')) continue;
    const before = entries[start - 1]?.state as LedgerState;
    expect(served(state), `I5: ${change.run} ended (entry ${seq}) and changed nothing`).toEqual(served(before));
  }
}

/** What a model serves, and what it would go back to, without who set it last. */
export function served({ aliases, anchor, routing, monitoring, budgets }: LedgerState) {
  return {
    champion: aliases.champion?.version ?? null,
    challenger: aliases.challenger?.version ?? null,
    previous_champion: aliases.previous_champion?.version ?? null,
    anchor,
    arms: routing.arms,
    reference: monitoring.reference,
    promoted_at: budgets.promoted_at,
    rollbacks: budgets.rollbacks,
  };
}

/** I6, and no second version: what the ledger registered is in the store byte by byte, once a run and kind. */
async function expectVersionsAsRegistered(town: Watched, entries: readonly LedgerEntry[]): Promise<void> {
  const made = new Set<string>();
  for (const { version, run, manifest } of await listVersions(town.store, town.model)) {
    const { refit } = await readVersion(town.store, town.model, version, manifest);
    expect(made, `${run} made one ${refit} version`).not.toContain(`${run}/${refit}`);
    made.add(`${run}/${refit}`);
  }
  const next = entries.at(-1)?.state.nextVersion ?? 1;
  expect(await town.store.find(manifestKey(town.model, next)), 'no manifest beyond the ledger').toBeUndefined();
}

/** I3: a run that ended `promoted` was promoted, and is champion until somebody newer is; I8 holds who may move it. */
function expectPromotionsKept(entries: readonly LedgerEntry[]): void {
  const promotions = new Map(entries.map(({ effectId, seq, change }) => [effectId, { seq, change }]));
  for (const { seq, change } of entries) {
    if (change.kind !== 'run_ended' || change.outcome !== 'promoted') continue;
    const promotion = promotions.get(`${change.run}/deploy/promote`);
    expect(promotion?.change, `I3: ${change.run} was acknowledged as promoted (entry ${seq})`).toMatchObject({
      kind: 'promoted',
      version: change.version,
    });
  }
}

/** I10: nobody's lock means that no run is open, and no workflow of the model has a task that fails again and again. */
async function expectNoneStuck({ client, model }: Watched): Promise<void> {
  const temporal = await client.temporal();
  const open = `HoneModel = '${model}' AND ExecutionStatus = 'Running'`;
  await eventually(async () => {
    const runs: string[] = [];
    const query = `${open} AND WorkflowType = 'retraining'`;
    for await (const { workflowId } of temporal.workflow.list({ query })) runs.push(workflowId);
    expect(runs, 'I10: no run is left open').toEqual([]);
    const stuck: string[] = [];
    const reported = `${open} AND TemporalReportedProblems IS NOT NULL`;
    for await (const { workflowId } of temporal.workflow.list({ query: reported })) stuck.push(workflowId);
    expect(stuck, 'I10: no workflow is wedged').toEqual([]);
  }, 15_000); // lists lag behind
}

/** I11: the keys of the store that this machine knows are in nothing that was written down for people. */
async function expectNothingSecret({ store, model }: Watched, entries: readonly LedgerEntry[]): Promise<void> {
  const secret = process.env['AWS_SECRET_ACCESS_KEY'];
  if (!secret) return;
  expect(JSON.stringify(entries), 'I11: no secret in the ledger').not.toContain(secret);
  for await (const key of store.list(`models/${model}/runs/`)) {
    const body = Buffer.from(await store.get(key)).toString('latin1');
    expect(body.includes(secret), `I11: no secret in ${key}`).toBe(false);
  }
}

function* pairs(entries: readonly LedgerEntry[]): Iterable<[LedgerState, LedgerEntry]> {
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1];
    if (before) yield [before.state, entry];
  }
}
