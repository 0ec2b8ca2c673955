import { describe, expect, test } from 'vitest';
import * as changes from '../../src/registry/changes.ts';
import { type LedgerState, ledgerState } from '../../src/registry/contract.ts';
import type { Step } from '../../src/registry/state.ts';
import { AS_OF, DIGEST } from './requests.ts';

const RUN_1 = changes.runId('flights-delay', 1);
const RUN_2 = changes.runId('flights-delay', 2);

function apply(state: LedgerState, ...steps: Step[]): LedgerState {
  for (const step of steps) {
    const result = step(state, { as_of: AS_OF, effectId: 'test' });
    if ('refused' in result) throw new Error(result.refused);
    state = ledgerState.parse(result.state);
  }
  return state;
}

function refusal(state: LedgerState, step: Step): string | undefined {
  const result = step(state, { as_of: AS_OF, effectId: 'test' });
  return 'refused' in result ? result.refused : undefined;
}

const start = (run: string) => changes.startRun({ run, trigger: 'manual', config: DIGEST, as_of: null, now: AS_OF });
const register = (version: number, run: string | null = null) =>
  changes.registerVersion({ version, run, manifest: DIGEST });
const prepare = (run: string, version: number) =>
  changes.prepareRollout({ version, effectId: `${run}/deploy/prepare`, lease: 'models/flights-delay/leases/x.json' });
const step = (run: string, version: number, share: number) =>
  changes.stepRollout({
    version,
    share,
    effectId: `${run}/deploy/step-${share}`,
    lease: 'models/flights-delay/leases/x.json',
  });
const promote = (run: string, version: number, as: 'first' | 'better' | 'non_inferior' = 'non_inferior') =>
  changes.promote({ version, effectId: `${run}/deploy/promote`, as, as_of: AS_OF, labels: 100 });
const undo = (run: string, version: number, before: LedgerState) =>
  changes.undoRollout({ version, run, before, reason: 'canary failed', effectId: `${run}/undo/rollout` });
const rollBack = (to: number, more = {}) =>
  changes.rollBack({ to, reason: 'complaints', automatic: false, effectId: 'person/rollback', as_of: AS_OF, ...more });

/** Version 1 is live with its own run; versions 2 and 3 are registered; run 2 is active. */
const live1 = apply(
  changes.initialState(),
  start(RUN_1),
  register(1, RUN_1),
  prepare(RUN_1, 1),
  promote(RUN_1, 1, 'first'),
  changes.endRun({ run: RUN_1, outcome: 'promoted', version: 1, as_of: AS_OF, trigger: 'manual' }),
  start(RUN_2),
  register(2, RUN_2),
  register(3),
);

describe('runs', () => {
  test('a second run is refused while one is active, frozen or paused', () => {
    const idle = changes.initialState();
    expect(refusal(apply(idle, start(RUN_1)), start(RUN_2))).toMatch(/000001 is active/);
    expect(refusal(apply(idle, changes.freeze({ by: 'ann', reason: 'audit', until: null })), start(RUN_1))).toMatch(
      /frozen by ann/,
    );
    expect(refusal(apply(idle, changes.pauseModel()), start(RUN_1))).toMatch(/paused/);
    expect(apply(idle, changes.pauseModel(), changes.applyConfig(DIGEST), start(RUN_1)).activeRun?.run).toBe(RUN_1);
  });

  test('a freeze with an end is over once the run looks from after it', () => {
    const frozen = apply(
      changes.initialState(),
      changes.freeze({ by: 'ann', reason: 'holidays', until: '2013-04-11T00:00:00.000Z' }),
    );
    const at = (as_of: string) =>
      changes.startRun({ run: RUN_1, trigger: 'manual', config: DIGEST, as_of, now: AS_OF });
    expect(refusal(frozen, at('2013-04-10T23:59:59.000Z'))).toMatch(/until 2013-04-11/);
    expect(refusal(frozen, at('2013-04-11T00:00:00.000Z'))).toBeUndefined();
  });

  test('a run takes the next number, so no id is used twice', () => {
    expect(refusal(changes.initialState(), start(RUN_2))).toMatch(/next run has number 1/);
    expect(live1.nextRun).toBe(3);
  });

  test('the end of a run gives back its own lock only, and counts once', () => {
    const end = (run: string) => changes.endRun({ run, outcome: 'x', version: null, as_of: AS_OF, trigger: 'manual' });
    expect(refusal(live1, end(RUN_1))).toMatch(/ended already/);
    expect(apply(live1, end(RUN_2)).activeRun).toBeNull();
    expect(apply(live1, end('flights-delay-000099')).activeRun?.run).toBe(RUN_2);
    expect(refusal(live1, changes.releaseLock(RUN_1, 'gone'))).toMatch(/does not hold/);
    expect(apply(live1, changes.releaseLock(RUN_2, 'gone')).activeRun).toBeNull();
  });

  test('a run that was cancelled because a rollback had taken its lock was superseded, and one cancelled by itself was not', () => {
    const cancelled = changes.endRun({
      ...{ run: RUN_2, outcome: 'cancelled', version: null },
      as_of: AS_OF,
      trigger: 'manual',
    });
    const outcomeOf = (state: LedgerState) => state.budgets.runs.at(-1)?.outcome;
    const rolledBack = apply(live1, prepare(RUN_2, 2), promote(RUN_2, 2), rollBack(1));
    expect(outcomeOf(apply(rolledBack, cancelled))).toBe('superseded');
    expect(outcomeOf(apply(live1, cancelled))).toBe('cancelled');
  });

  test('a released lock takes the unfinished canary of the dead run with it, but not its promotion', () => {
    const dead = apply(live1, prepare(RUN_2, 2), step(RUN_2, 2, 25), changes.releaseLock(RUN_2, 'closed'));
    expect(dead).toMatchObject({
      activeRun: null,
      aliases: { challenger: null },
      routing: { arms: [{ version: 1, share: 100 }] },
    });
    expect(refusal(dead, prepare('flights-delay-000003', 3))).toBeUndefined();
    const promoted = apply(live1, prepare(RUN_2, 2), promote(RUN_2, 2), changes.releaseLock(RUN_2, 'closed'));
    expect(promoted.aliases.champion?.version).toBe(2);
  });

  test('the budgets keep the last twenty runs', () => {
    let state = changes.initialState();
    for (let n = 1; n <= 25; n++) {
      const run = changes.runId('m', n);
      state = apply(
        state,
        start(run),
        changes.endRun({ run, outcome: 'x', version: null, as_of: AS_OF, trigger: 'age' }),
      );
    }
    expect(state.budgets.runs).toHaveLength(20);
    expect(state.budgets.runs.at(-1)?.run).toBe('m-000025');
  });
});

describe('a rollout', () => {
  test('prepares with no traffic, gives shares by steps, and ends with one arm', () => {
    const prepared = apply(live1, prepare(RUN_2, 2));
    expect(prepared.routing).toMatchObject({
      load: [1, 2],
      arms: [
        { version: 1, share: 100 },
        { version: 2, share: 0 },
      ],
    });
    expect(prepared.aliases.challenger?.version).toBe(2);
    const quarter = apply(prepared, step(RUN_2, 2, 25));
    expect(quarter.routing.arms).toMatchObject([
      { version: 1, share: 75, lease: null },
      { version: 2, share: 25 },
    ]);
    const promoted = apply(quarter, promote(RUN_2, 2));
    expect(promoted.routing).toMatchObject({ load: [2, 1], arms: [{ version: 2, share: 100, lease: null }] });
    expect(promoted.aliases).toMatchObject({
      champion: { version: 2 },
      previous_champion: { version: 1 },
      challenger: null,
    });
    expect(promoted.routing.generation).toBe(live1.routing.generation + 3);
    expect(promoted.monitoring.reference).toBe(2);
    expect(promoted.budgets).toMatchObject({ promoted_at: AS_OF, labels_at_promotion: 100 });
  });

  test('the anchor moves with better versions only', () => {
    expect(live1.anchor).toBe(1);
    expect(apply(live1, prepare(RUN_2, 2), promote(RUN_2, 2)).anchor).toBe(1);
    expect(apply(live1, prepare(RUN_2, 2), promote(RUN_2, 2, 'better')).anchor).toBe(2);
  });

  test('is refused for another candidate, an unregistered version, the champion, and while frozen', () => {
    const prepared = apply(live1, prepare(RUN_2, 2));
    expect(refusal(prepared, prepare(RUN_2, 3))).toMatch(/version 2 is in a rollout/);
    expect(refusal(prepared, promote(RUN_2, 3))).toMatch(/version 2 is in a rollout/);
    expect(refusal(live1, prepare(RUN_2, 9))).toMatch(/not registered/);
    expect(refusal(live1, prepare(RUN_2, 1))).toMatch(/champion already/);
    expect(refusal(live1, step(RUN_2, 2, 5))).toMatch(/not prepared/);
    const frozen = apply(prepared, changes.freeze({ by: 'ann', reason: 'audit', until: null }));
    for (const change of [prepare(RUN_2, 2), step(RUN_2, 2, 5), promote(RUN_2, 2)])
      expect(refusal(frozen, change)).toMatch(/frozen/);
    expect(refusal(frozen, undo(RUN_2, 2, live1))).toBeUndefined();
    expect(refusal(frozen, rollBack(1))).toBeUndefined();
  });

  test('a version in use can be neither rejected nor archived', () => {
    const promoted = apply(live1, prepare(RUN_2, 2), promote(RUN_2, 2));
    const reject = (version: number) => changes.rejectVersion({ version, reason: 'x' });
    expect(refusal(promoted, reject(2))).toMatch(/champion/);
    expect(refusal(promoted, reject(1))).toMatch(/rollback target/);
    expect(refusal(apply(live1, prepare(RUN_2, 2)), reject(2))).toMatch(/in a rollout/);
    expect(refusal(promoted, changes.archiveVersion({ version: 1 }))).toMatch(/rollback target/);
    expect(refusal(promoted, changes.archiveVersion({ version: 3 }))).toBeUndefined();
  });
});

describe('a shadow', () => {
  const shadowed = (state: LedgerState) => {
    const lease = 'models/flights-delay/leases/x.json';
    return apply(
      state,
      changes.prepareRollout({ version: 2, effectId: `${RUN_2}/deploy/prepare`, lease, shadow: true }),
    );
  };

  test('is the candidate from the preparation to its first share', () => {
    const prepared = shadowed(live1);
    expect(prepared.aliases.shadow).toEqual({ version: 2, effectId: `${RUN_2}/deploy/prepare` });
    expect(apply(prepared, step(RUN_2, 2, 5)).aliases.shadow).toBeNull();
    expect(apply(prepared, promote(RUN_2, 2)).aliases.shadow).toBeNull();
    expect(apply(live1, prepare(RUN_2, 2)).aliases.shadow).toBeNull();
  });

  test('goes with an undo, a rollback and a released lock, and what was one before comes back with the undo', () => {
    const prepared = shadowed(live1);
    expect(apply(prepared, undo(RUN_2, 2, live1)).aliases.shadow).toBeNull();
    expect(apply(prepared, rollBack(1)).aliases.shadow).toBeNull();
    expect(apply(prepared, changes.releaseLock(RUN_2, 'it is gone')).aliases).toMatchObject({
      ...{ shadow: null, challenger: null },
    });
    const other = { version: 3, effectId: 'earlier/deploy/promote' };
    const before = { ...live1, aliases: { ...live1.aliases, shadow: other } };
    for (const steps of [[], [step(RUN_2, 2, 5)], [step(RUN_2, 2, 5), promote(RUN_2, 2)]])
      expect(apply(shadowed(before), ...steps, undo(RUN_2, 2, before)).aliases.shadow).toEqual(other);
  });
});

describe('a predecessor that scores on through probation', () => {
  const keep = changes.promote({
    ...{ version: 2, effectId: `${RUN_2}/deploy/promote`, as: 'better', as_of: AS_OF, labels: 100 },
    keepShadow: true,
  });
  const kept = apply(live1, prepare(RUN_2, 2), keep);

  test('is a shadow from the promotion on, and no longer after a confirmation, a rollback, an undo or the end', () => {
    expect(kept.aliases.shadow?.version).toBe(1);
    expect(apply(kept, changes.confirm({ version: 2 })).aliases.shadow).toBeNull();
    expect(apply(kept, changes.endShadow({ champion: 2 })).aliases.shadow).toBeNull();
    expect(apply(kept, rollBack(1)).aliases.shadow).toBeNull();
    expect(apply(kept, undo(RUN_2, 2, live1)).aliases.shadow).toBeNull();
  });

  test('gives way to the next candidate, whose shadow the end of the probation leaves alone', () => {
    const lease = 'models/flights-delay/leases/x.json';
    const next = changes.prepareRollout({ version: 3, effectId: 'run-3/deploy/prepare', lease, shadow: true });
    expect(refusal(apply(kept, next), changes.endShadow({ champion: 2 }))).toBe('superseded');
    expect(apply(kept, next, changes.confirm({ version: 2 })).aliases.shadow?.version).toBe(3);
    expect(refusal(live1, changes.endShadow({ champion: 1 }))).toBe('superseded');
  });
});

describe('an undo', () => {
  test('puts back what stood before, at every stage of a rollout, with a newer generation', () => {
    const stages = [
      [prepare(RUN_2, 2)],
      [prepare(RUN_2, 2), step(RUN_2, 2, 50)],
      [prepare(RUN_2, 2), step(RUN_2, 2, 50), promote(RUN_2, 2, 'better')],
    ];
    for (const stage of stages) {
      const after = apply(live1, ...stage);
      const undone = apply(after, undo(RUN_2, 2, live1));
      expect(undone).toEqual({ ...live1, routing: { ...live1.routing, generation: after.routing.generation + 1 } });
    }
  });

  test('a second undo finds nothing of the run and is superseded', () => {
    const undone = apply(live1, prepare(RUN_2, 2), undo(RUN_2, 2, live1));
    expect(refusal(undone, undo(RUN_2, 2, live1))).toBe('superseded');
    expect(refusal(live1, undo(RUN_2, 2, live1))).toBe('superseded');
  });

  test('of the first version leaves nothing served', () => {
    const before = apply(changes.initialState(), start(RUN_1), register(1, RUN_1));
    const undone = apply(before, prepare(RUN_1, 1), promote(RUN_1, 1, 'first'), undo(RUN_1, 1, before));
    expect(undone).toEqual({ ...before, routing: { ...before.routing, generation: 3 } });
  });

  test('never touches a rollback by a person that came first', () => {
    const rolledBack = apply(live1, prepare(RUN_2, 2), step(RUN_2, 2, 25), rollBack(1));
    expect(refusal(rolledBack, undo(RUN_2, 2, live1))).toBe('superseded');
    const later = apply(live1, prepare(RUN_2, 2), promote(RUN_2, 2), rollBack(3));
    expect(refusal(later, undo(RUN_2, 2, live1))).toBe('superseded');
  });

  test('leaves the champion where a newer run already routes on top of it', () => {
    const RUN_3 = changes.runId('flights-delay', 3);
    const newer = apply(
      live1,
      prepare(RUN_2, 2),
      promote(RUN_2, 2),
      changes.releaseLock(RUN_2, 'gone'),
      start(RUN_3),
      prepare(RUN_3, 3),
    );
    expect(refusal(newer, undo(RUN_2, 2, live1))).toBe('superseded');
  });

  test('is not fooled by a run whose id begins like its own', () => {
    const other = apply(
      live1,
      changes.prepareRollout({ version: 2, effectId: `${RUN_2}0/deploy/prepare`, lease: null }),
    );
    expect(refusal(other, undo(RUN_2, 2, live1))).toBe('superseded');
  });
});

describe('a rollback', () => {
  const promoted = apply(live1, prepare(RUN_2, 2), promote(RUN_2, 2, 'better'));

  test('routes everything to the target, fences the run and remembers nothing bad as a target', () => {
    const back = apply(promoted, rollBack(1));
    expect(back.aliases).toMatchObject({
      champion: { version: 1, effectId: 'person/rollback' },
      previous_champion: null,
      challenger: null,
    });
    expect(back.routing).toMatchObject({ load: [1], arms: [{ version: 1, share: 100, lease: null }] });
    expect(back.activeRun).toBeNull();
    expect(back.monitoring.reference).toBe(1);
    expect(back.anchor).toBe(1);
    expect(back.budgets.rollbacks).toEqual([]);
  });

  test('to the champion during a rollout takes the candidate away', () => {
    const back = rollBack(1)(apply(live1, prepare(RUN_2, 2), step(RUN_2, 2, 25)));
    expect(back).toMatchObject({
      change: { from: 2, to: 1 },
      state: { activeRun: null, routing: { arms: [{ version: 1, share: 100 }] } },
    });
  });

  test('that is automatic freezes the model at the third within a day, and one of a person never does', () => {
    const earlier = (...at: string[]) => ({ ...promoted, budgets: { ...promoted.budgets, rollbacks: at } });
    const twice = earlier('2013-04-09T01:00:00.000Z', '2013-04-09T12:00:00.000Z');
    const thrice = apply(twice, rollBack(1, { automatic: true }));
    expect(thrice.freeze).toMatchObject({
      by: 'hone',
      reason: expect.stringContaining('3 automatic rollbacks'),
      until: null,
    });
    expect(apply(earlier('2013-04-08T23:00:00.000Z', AS_OF), rollBack(1, { automatic: true })).freeze).toBeNull();
    expect(apply(twice, rollBack(1)).freeze).toBeNull();
  });

  test('that is automatic is counted, and superseded when another champion was judged', () => {
    expect(apply(promoted, rollBack(1, { automatic: true, onlyFrom: 2 })).budgets.rollbacks).toEqual([AS_OF]);
    expect(refusal(promoted, rollBack(1, { automatic: true, onlyFrom: 1 }))).toBe('superseded');
  });

  test('is refused where it would change nothing or lead nowhere', () => {
    expect(refusal(changes.initialState(), rollBack(1))).toMatch(/nothing is served/);
    expect(refusal(promoted, rollBack(2))).toMatch(/live already/);
    expect(refusal(promoted, rollBack(44))).toMatch(/not registered/);
  });
});

test('a confirmation is for the champion only', () => {
  expect(refusal(live1, changes.confirm({ version: 1 }))).toBeUndefined();
  expect(refusal(live1, changes.confirm({ version: 2 }))).toBe('superseded');
});
