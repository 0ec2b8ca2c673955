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

/** Checks I1, I2, I4, I5, I6, I7 and I8 of a model whose runs have all ended, and that nobody holds its lock. */
export async function expectInvariants(town: Town): Promise<void> {
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
}

/** I8: the chain verifies, and nothing moved without an entry that says so. */
async function expectOneEntryForEachChange(town: Town, entries: readonly LedgerEntry[]): Promise<void> {
  expect(await town.ledger.verify(), 'I8: the ledger verifies').toMatchObject({ ok: true, entries: entries.length });
  const moves = ['promoted', 'rolled_back', 'rollout_undone'];
  const routes = [...moves, 'rollout_prepared', 'rollout_step', 'lock_released'];
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
async function expectLoadableChampion(town: Town, state: LedgerState): Promise<void> {
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
async function expectNodesFollow(town: Town, state: LedgerState): Promise<void> {
  if (!town.serving) return;
  await eventually(async () => {
    const nodes = (await readNodes(town.store)).map(({ models }) => models[town.model]);
    expect(nodes, 'I1: the nodes follow the ledger').toMatchObject([
      {
        generation: state.routing.generation,
        champion: state.aliases.champion?.version ?? null,
        lapsed: [],
        failed: [],
      },
    ]);
  }, 15_000);
}

const approval = z.looseObject({
  run: z.string(),
  packet: z.string(),
  verdict: z.looseObject({ kind: z.string(), by: z.array(z.string()) }),
});
const reasons = z.array(z.looseObject({ kind: z.string(), by: z.string() }));

/** I2 and I7: a passing gate and the approvals that the policy asks for, bound to one packet; none by who started it. */
async function expectApproved(town: Town, { change, seq, state }: LedgerEntry): Promise<void> {
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
async function expectVersionsAsRegistered(town: Town, entries: readonly LedgerEntry[]): Promise<void> {
  const made = new Set<string>();
  for (const { version, run, manifest } of await listVersions(town.store, town.model)) {
    const { refit } = await readVersion(town.store, town.model, version, manifest);
    expect(made, `${run} made one ${refit} version`).not.toContain(`${run}/${refit}`);
    made.add(`${run}/${refit}`);
  }
  const next = entries.at(-1)?.state.nextVersion ?? 1;
  expect(await town.store.find(manifestKey(town.model, next)), 'no manifest beyond the ledger').toBeUndefined();
}

function* pairs(entries: readonly LedgerEntry[]): Iterable<[LedgerState, LedgerEntry]> {
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1];
    if (before) yield [before.state, entry];
  }
}
