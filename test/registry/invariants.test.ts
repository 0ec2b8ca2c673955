/** Random histories of runs, rollouts, undos, rollbacks, freezes and retries on a real ledger, with many clients. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as changes from '../../src/registry/changes.ts';
import type { LedgerEntry, LedgerState } from '../../src/registry/contract.ts';
import { LedgerConflict, RunFenced } from '../../src/registry/errors.ts';
import { type AppendRequest, type Ledger, openLedger } from '../../src/registry/ledger.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { collect } from '../store/conformance.ts';
import { AS_OF, DIGEST, request } from './requests.ts';

const MODEL = 'flights-delay';

interface RunCommand {
  readonly kind: 'prepare' | 'step' | 'promote' | 'undo' | 'end' | 'release';
  /** Counted back from the newest, so that old runs act too, as zombies do. */
  readonly run: number;
  readonly share: number;
  readonly as: 'better' | 'non_inferior';
}
interface PersonCommand {
  readonly kind: 'start' | 'rollback' | 'freeze' | 'unfreeze' | 'retry' | 'confirm';
  readonly version: number;
}
type Command = RunCommand | PersonCommand;

const oneOf = <Kind extends string>(weights: Record<Kind, number>) =>
  fc.oneof(
    ...(Object.keys(weights) as Kind[]).map((kind) => ({ weight: weights[kind], arbitrary: fc.constant(kind) })),
  );

const runCommand: fc.Arbitrary<RunCommand> = fc.record({
  kind: oneOf({ prepare: 4, step: 4, promote: 4, undo: 3, end: 2, release: 1 }),
  run: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) }),
  share: fc.constantFrom(1, 25, 50, 100),
  as: fc.constantFrom('better', 'non_inferior'),
});
const personCommand: fc.Arbitrary<PersonCommand> = fc.record({
  kind: oneOf({ start: 8, rollback: 2, freeze: 1, unfreeze: 3, retry: 3, confirm: 1 }),
  version: fc.integer({ min: 1, max: 4 }),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: runCommand },
  { weight: 2, arbitrary: personCommand },
);
/** A whole run as it usually goes, so that the random commands around it meet deep states often. */
const story: fc.Arbitrary<Command[]> = fc
  .tuple(fc.subarray(['prepare', 'step', 'promote', 'end'] as const), fc.array(runCommand, { maxLength: 2 }))
  .map(([kinds, then]) => [
    { kind: 'unfreeze', version: 1 },
    { kind: 'start', version: 1 },
    ...kinds.map((kind) => ({ kind, run: 0, share: 25, as: 'better' as const })),
    ...then,
  ]);
const alone = command.map((one) => [one]);
const commands = fc
  .array(fc.oneof({ weight: 2, arbitrary: story }, { weight: 5, arbitrary: alone }), {
    minLength: 10,
    maxLength: 30,
    size: 'max',
  })
  .map((chunks) => chunks.flat());

interface KnownRun {
  readonly run: string;
  readonly version: number;
  before: LedgerState | undefined;
}

/** What a command needs of a ledger. */
type Book = Pick<Ledger, 'state' | 'append'>;

/** The changes alone, applied in memory by the rules of append: fast enough for thousands of histories. */
class MemoryBook implements Book {
  readonly entries: LedgerEntry[] = [];

  async state(): Promise<LedgerState> {
    return this.entries.at(-1)?.state ?? changes.initialState();
  }

  async append({ requireActiveRun, step, ...said }: AppendRequest) {
    const earlier = this.entries.find((entry) => entry.effectId === said.effectId);
    if (earlier) return { status: 'found' as const, entry: earlier };
    const state = await this.state();
    if (requireActiveRun && state.activeRun?.run !== requireActiveRun)
      throw new LedgerConflict(MODEL, said.effectId, 'fenced', 0);
    const result = step(state, said);
    if ('refused' in result) throw new LedgerConflict(MODEL, said.effectId, result.refused, 0);
    const entry: LedgerEntry = { ...said, seq: this.entries.length + 1, prev: null, at: AS_OF, ...result };
    this.entries.push(entry);
    return { status: 'written' as const, entry };
  }
}

/** Remembers what real callers would: the runs, the state each saw before its rollout, the last request. */
class Town {
  readonly runs: KnownRun[] = [];
  readonly acknowledged = new Map<string, number>();
  #count = 0;
  #last: AppendRequest | undefined;
  readonly #open: () => Book;

  constructor(open: () => Book) {
    this.#open = open;
  }

  async play(command: Command): Promise<void> {
    const ledger = this.#open();
    if (command.kind === 'retry') {
      if (this.#last) await this.#append(ledger, this.#last);
    } else if ('version' in command) await this.#byPerson(ledger, command);
    else {
      const known = this.runs.at(-1 - command.run);
      if (known) await this.#byRun(ledger, known, command);
    }
  }

  async #byPerson(ledger: Book, command: PersonCommand): Promise<unknown> {
    const effectId = `person/${command.kind}/${this.#count++}`;
    switch (command.kind) {
      case 'start':
        return await this.#start(ledger, effectId);
      case 'rollback': {
        const step = changes.rollBack({ to: command.version, reason: 'x', automatic: true, effectId, as_of: AS_OF });
        return await this.#append(ledger, request(effectId, step));
      }
      case 'freeze':
        return await this.#append(ledger, request(effectId, changes.freeze({ by: 'ann', reason: 'x', until: null })));
      case 'confirm':
        return await this.#append(ledger, request(effectId, changes.confirm({ version: command.version })));
      default:
        return await this.#append(ledger, request(effectId, changes.unfreeze({ reason: 'x' })));
    }
  }

  async #start(ledger: Book, effectId: string): Promise<void> {
    const { nextRun, nextVersion } = await ledger.state();
    const run = changes.runId(MODEL, nextRun);
    const start = changes.startRun({ run, trigger: 'manual', config: DIGEST, as_of: null, now: AS_OF });
    if (!(await this.#append(ledger, request(effectId, start)))) return;
    const register = changes.registerVersion({ version: nextVersion, run, manifest: DIGEST });
    await this.#append(ledger, request(`${run}/train/register`, register, { requireActiveRun: run }));
    this.runs.push({ run, version: nextVersion, before: undefined });
  }

  async #byRun(ledger: Book, known: KnownRun, command: RunCommand): Promise<unknown> {
    const { run, version } = known;
    const effectId = `${run}/${command.kind}/${this.#count++}`;
    const own = { requireActiveRun: run };
    switch (command.kind) {
      case 'prepare': {
        known.before ??= await ledger.state();
        return await this.#append(
          ledger,
          request(effectId, changes.prepareRollout({ version, effectId, lease: 'l/x' }), own),
        );
      }
      case 'step': {
        const step = changes.stepRollout({ version, share: command.share, effectId, lease: 'l/x' });
        return await this.#append(ledger, request(effectId, step, own));
      }
      case 'promote': {
        const before = await ledger.state();
        known.before ??= before;
        const as = before.aliases.champion ? command.as : 'first';
        return await this.#append(
          ledger,
          request(effectId, changes.promote({ version, effectId, as, as_of: AS_OF, labels: 1 }), own),
        );
      }
      case 'undo': {
        if (!known.before) return undefined;
        const step = changes.undoRollout({ version, run, before: known.before, reason: 'x', effectId });
        return await this.#append(ledger, request(effectId, step)); // a fenced run still undoes
      }
      case 'end': {
        const end = changes.endRun({ run, outcome: 'x', version, as_of: AS_OF, trigger: 'manual' });
        return await this.#append(ledger, request(effectId, end));
      }
      default:
        return await this.#append(ledger, request(effectId, changes.releaseLock(run, 'x')));
    }
  }

  async #append(ledger: Book, asked: AppendRequest): Promise<boolean> {
    this.#last = asked;
    try {
      const { entry } = await ledger.append(asked);
      expect(this.acknowledged.get(asked.effectId) ?? entry.seq).toBe(entry.seq);
      this.acknowledged.set(asked.effectId, entry.seq);
      return true;
    } catch (error) {
      if (error instanceof LedgerConflict) return false;
      throw error;
    }
  }
}

async function inTown(work: (town: Town, store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hone-invariants-'));
  try {
    const store = openStore(`file:${folder}`);
    await work(new Town(() => openLedger(store, MODEL)), store); // a new process for each command
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('whatever is tried in whatever order, the changes keep the invariants', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const book = new MemoryBook();
      const town = new Town(() => book);
      for (const command of sequence) await town.play(command);
      for (const entry of book.entries) seen.set(entry.change.kind, (seen.get(entry.change.kind) ?? 0) + 1);
      checkHistory(book.entries);
    }),
    { numRuns: 400 },
  );
  // The sequences really reach the interesting changes, and not just the easy ones.
  for (const kind of ['promoted', 'rollout_step', 'rollout_undone', 'rolled_back', 'lock_released', 'run_ended']) {
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(40);
  }
});

test('the real ledger keeps them too, with one entry for each acknowledged change', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) =>
      inTown(async (town, store) => {
        for (const command of sequence) await town.play(command);
        expect(await openLedger(store, MODEL).verify()).toMatchObject({ ok: true, entries: town.acknowledged.size });
        checkHistory(await collect(openLedger(store, MODEL).entries()));
      }),
    ),
    { numRuns: 8 },
  );
});

test('commands of many processes at once keep the same invariants', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(commands, { minLength: 3, maxLength: 3 }), async (sequences) =>
      inTown(async (town, store) => {
        await Promise.all(
          sequences.map(async (sequence) => {
            for (const command of sequence) await town.play(command);
          }),
        );
        const entries = await collect(openLedger(store, MODEL).entries());
        expect(await openLedger(store, MODEL).verify()).toMatchObject({ ok: true, entries: town.acknowledged.size });
        checkHistory(entries);
      }),
    ),
    { numRuns: 4 },
  );
});

test('a run that lost the lock cannot write any more', async () => {
  await inTown(async (town, store) => {
    await town.play({ kind: 'start', version: 1 });
    const ledger = openLedger(store, MODEL);
    await ledger.append(request('owner/release', changes.releaseLock(changes.runId(MODEL, 1), 'gone')));
    const late = request('x/y', changes.stageVersion({ version: 1, packet: null }), {
      requireActiveRun: changes.runId(MODEL, 1),
    });
    await expect(ledger.append(late)).rejects.toThrow(RunFenced);
    await expect(ledger.append(late)).rejects.toMatchObject({ code: 'HONE_RUN_FENCED', exitCode: 6, retryable: false });
  });
});

function checkHistory(entries: LedgerEntry[]): void {
  let before = changes.initialState();
  let active: string | null = null;
  for (const { change, state, effectId } of entries) {
    if (change.kind === 'run_started') {
      expect(active, 'at most one active run').toBeNull();
      active = change.run;
    } else if (change.kind === 'rolled_back') active = null;
    else if ((change.kind === 'run_ended' || change.kind === 'lock_released') && change.run === active) active = null;
    expect(state.activeRun?.run ?? null).toBe(active);

    const moved =
      JSON.stringify({ ...state.routing, generation: 0 }) !== JSON.stringify({ ...before.routing, generation: 0 });
    if (moved) expect(state.routing.generation).toBe(before.routing.generation + 1);
    else expect(state.routing.generation - before.routing.generation).toBeOneOf([0, 1]);
    expect(state.nextVersion).toBeGreaterThanOrEqual(before.nextVersion);
    expect(state.nextRun).toBeGreaterThanOrEqual(before.nextRun);

    checkTraffic(state);
    if (['rollout_prepared', 'rollout_step', 'promoted'].includes(change.kind)) {
      expect(effectId.startsWith(`${before.activeRun?.run}/`), 'only the active run moves traffic').toBe(true);
      expect(before.freeze, 'nothing moves forward while frozen').toBeNull();
    }
    if (change.kind === 'rollout_undone') checkUndo(before, state, effectId.split('/')[0] as string);
    before = state;
  }
}

/** Alias and routing never disagree: the champion is one arm, at most one candidate beside it, and all are loaded. */
function checkTraffic({ aliases, routing }: LedgerState): void {
  const champion = aliases.champion?.version;
  const candidates = routing.arms.filter((arm) => arm.version !== champion);
  expect(candidates.length).toBeLessThanOrEqual(1);
  expect(routing.arms.filter((arm) => arm.version === champion)).toHaveLength(champion === undefined ? 0 : 1);
  if (champion !== undefined) expect(routing.arms.reduce((sum, arm) => sum + arm.share, 0)).toBe(100);
  expect(routing.load).toEqual(expect.arrayContaining(routing.arms.map((arm) => arm.version)));
}

/** What is not the run's stays exactly as it was; afterwards nothing of the champion, routing or challenger is the run's. */
function checkUndo(before: LedgerState, after: LedgerState, run: string): void {
  const own = (id: string | null | undefined) => id?.startsWith(`${run}/`) ?? false;
  for (const name of ['champion', 'previous_champion', 'challenger', 'shadow'] as const) {
    const pointer = before.aliases[name];
    if (pointer && !own(pointer.effectId)) expect(after.aliases[name], name).toEqual(pointer);
  }
  if (!own(before.routing.effectId)) expect(after.routing).toEqual(before.routing);
  if (!own(before.monitoring.effectId)) expect(after.monitoring).toEqual(before.monitoring);
  expect(own(after.routing.effectId)).toBe(false);
  expect(after, 'an entry is a change').not.toEqual(before);
  expect({ ...after, aliases: 0, routing: 0, monitoring: 0, anchor: 0, budgets: 0 }).toEqual({
    ...before,
    aliases: 0,
    routing: 0,
    monitoring: 0,
    anchor: 0,
    budgets: 0,
  });
  expect(after.budgets.runs).toEqual(before.budgets.runs);
  expect(after.budgets.rollbacks).toEqual(before.budgets.rollbacks);
}
