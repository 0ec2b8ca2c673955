/** Random triggers, decisions, deployments and faults on many models, then calm, then everything that must hold. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sendTrigger } from '../../../src/client/owner.ts';
import { cancelRun, listRuns } from '../../../src/client/runs.ts';
import type { LedgerEntry } from '../../../src/registry/contract.ts';
import { LedgerConflict } from '../../../src/registry/errors.ts';
import { freeze } from '../../../src/registry/freeze.ts';
import { randomStream } from '../../../src/statistics/random.ts';
import { setLogicalClock } from '../../../src/store/clock.ts';
import { eventually } from '../eventually.ts';
import { expectInvariants } from '../invariants.ts';
import { replayProblems } from '../replays.ts';
import { breakThings } from './faults.ts';
import { approve, draw, PATIENCE_MS } from './people.ts';
import { judgePredictions, type Predictions, startPredictions } from './predictions.ts';
import { tellProgress } from './progress.ts';
import { openWorld, type World } from './world.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly models: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}

export interface SoakReport {
  /** Empty where everything held. */
  readonly problems: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

/** The flights are of 2013; the models live through these weeks while a soak lasts. */
const FROM = Date.parse('2013-01-25T00:00:00Z');
const TO = Date.parse('2013-03-20T00:00:00Z');

export async function soak({ minutes, models, seed, say }: SoakOptions): Promise<SoakReport> {
  const world = await openWorld(models, say);
  let predictions: Predictions | null = null;
  const progress = tellProgress(world, () => predictions, say);
  try {
    say('the first models are promoted in peace');
    await promoteFirst(world);
    say(`${models} models, ${minutes} minutes, seed ${seed}`);
    const until = Date.now() + minutes * 60_000;
    const goingOn = () => Date.now() < until;
    const seen = watchModels(world, goingOn);
    // Most callers ask for what serves, some for a model that does not yet.
    const asked = (id: number) => (id % 5 === 0 || seen.serving.length === 0 ? world.models : seen.serving);
    predictions = startPredictions(world, 20, asked);
    const [deeds, faults] = await Promise.all([
      bePeople(world, seed, seen, goingOn),
      breakThings(world, randomStream(seed + 1), goingOn, say),
      passTime(world, minutes * 60_000, goingOn),
      seen.ended,
    ]);
    say('calm: what is open comes to its end');
    await comeToRest(world);
    await predictions.stop();
    say('at rest: the invariants of each model, then the replay of each history');
    return await judge(world, predictions, { deeds, faults });
  } finally {
    await progress.stop();
    await world.close();
  }
}

/** In peace, so that there is something to serve however slow the machine is; all others begin in the middle of it. */
async function promoteFirst(world: World): Promise<void> {
  const { client, store, ledgers, models } = world;
  const first = models.slice(0, 3).map(async (model) => {
    await sendTrigger({ client, store }, model, { kind: 'manual', reason: 'the first model', by: 'kim' });
    await eventually(
      async () => {
        await approve(world, model, 0);
        if (!(await ledgers.get(model)?.state())?.aliases.champion) throw new Error(`${model} has no champion yet`);
      },
      600_000,
      3000,
    );
  });
  await Promise.all(first);
}

interface Deeds {
  readonly done: number;
  readonly refused: number;
}

/**
 * Each model sees a deed about this often, so that most runs come to their end before somebody stops them. Many models
 * share what two cores can do, and runs take longer the more there are: so they share the deeds.
 */
const DEED_EVERY_MS = { ofModel: 6000, atLeast: 1500 };
const LOOK_MS = 3000;

/** One deed after the other is begun, whatever becomes of those before. */
async function bePeople(world: World, seed: number, seen: Seen, goingOn: () => boolean): Promise<Deeds> {
  const random = randomStream(seed);
  const counts = { done: 0, refused: 0 };
  const open = new Set<Promise<void>>();
  const every = Math.max(DEED_EVERY_MS.atLeast, DEED_EVERY_MS.ofModel / world.models.length);
  for (let nth = 0; goingOn(); nth++) {
    const { deed, toRun } = draw(random);
    const among = toRun && seen.busy.length > 0 ? seen.busy : world.models;
    const model = among[Math.floor(random.uniform() * among.length)] ?? '';
    const work = withinTime(PATIENCE_MS, deed(world, model, nth)).then(
      () => void counts.done++,
      () => void counts.refused++, // a refusal is an answer, and a fault may be why
    );
    open.add(work);
    void work.then(() => open.delete(work));
    await sleep(every * (0.5 + random.uniform()));
  }
  await Promise.all(open);
  return counts;
}

interface Seen {
  /** Models that have a run now. */
  busy: readonly string[];
  /** Models that have a champion. */
  serving: readonly string[];
  readonly ended: Promise<void>;
}

function watchModels({ ledgers }: World, goingOn: () => boolean): Seen {
  const seen = { busy: [] as string[], serving: [] as string[], ended: Promise.resolve() };
  const look = async () => {
    const all = await Promise.all([...ledgers].map(async ([model, ledger]) => ({ model, ...(await ledger.state()) })));
    seen.busy = all.filter(({ activeRun }) => activeRun).map(({ model }) => model);
    seen.serving = all.filter(({ aliases }) => aliases.champion).map(({ model }) => model);
  };
  seen.ended = (async () => {
    for (; goingOn(); await sleep(LOOK_MS)) await look();
  })();
  return seen;
}

async function withinTime(ms: number, work: Promise<void>): Promise<void> {
  work.catch(() => undefined);
  await Promise.race([work, sleep(ms, undefined, { ref: false }).then(() => Promise.reject(new Error('no answer')))]);
}

async function passTime({ store }: World, ms: number, goingOn: () => boolean): Promise<void> {
  for (const began = Date.now(); goingOn(); await sleep(2000)) {
    const now = FROM + ((TO - FROM) * (Date.now() - began)) / ms;
    await setLogicalClock(store, new Date(now).toISOString());
  }
}

/** Runs end or wait for a person: those that wait are approved once, then nothing new may begin and what is open is cancelled. */
async function comeToRest(world: World): Promise<void> {
  await Promise.all(world.models.map((model) => approve(world, model, 0).catch(() => undefined)));
  await sleep(15_000);
  const asOf = new Date(TO).toISOString();
  for (const ledger of world.ledgers.values()) {
    const said = {
      effectId: 'soak/rest',
      actor: 'soak',
      trust: 'system',
      why: 'the soak is over',
      as_of: asOf,
    } as const;
    const step = freeze({ by: 'soak', reason: 'over', until: null });
    await ledger.append({ ...said, step }).catch(onlyRefused); // frozen already
  }
  await eventually(
    async () => {
      const open = await listRuns(world.client, { open: true });
      await Promise.all(open.map(({ run }) => cancelRun(world.client, run).catch(() => undefined)));
      const held: string[] = [];
      for (const [model, ledger] of world.ledgers) {
        const run = (await ledger.state()).activeRun?.run;
        if (run) held.push(run);
        // The owner of a run that was terminated looks every quarter of an hour; a fresh one looks at once.
        if (run && (await world.client.describeRun(run)) !== 'open') await refreshOwner(world, model);
      }
      if (open.length + held.length > 0)
        throw new Error(
          `I10: not at rest: ${[...open.map(({ run, sentence }) => `${run} (${sentence})`), ...held].join(', ')}`,
        );
    },
    240_000 + 10_000 * world.models.length,
    3000,
  );
}

function onlyRefused(error: unknown): void {
  if (!(error instanceof LedgerConflict)) throw error;
}

async function refreshOwner({ client }: World, model: string): Promise<void> {
  const { workflow } = await client.temporal();
  await workflow
    .getHandle(`model/${model}`)
    .terminate('soak')
    .catch(() => undefined);
  await workflow
    .signalWithStart('model', {
      ...{ workflowId: `model/${model}`, taskQueue: client.taskQueue, args: [{ model }] },
      ...{ signal: 'runFinished', signalArgs: [{}] },
    })
    .catch(() => undefined);
}

/** A run's last sentence without the names in it: those that failed alike are counted together. */
const inGeneral = (sentence: string) =>
  sentence
    .replaceAll(/"[^"]*"/g, '…')
    .replaceAll(/flights-\d+(-\d+)?/g, '…')
    .slice(0, 100);

async function judge(
  world: World,
  predictions: Predictions,
  { deeds, faults }: { deeds: Deeds; faults: Map<string, number> },
): Promise<SoakReport> {
  const problems: string[] = [];
  const figures: Record<string, number> = {
    deeds: deeds.done,
    'deeds refused': deeds.refused,
    predictions: predictions.answered.length,
    'told to come again': predictions.later.length,
  };
  const count = (name: string, by = 1) => {
    figures[name] = (figures[name] ?? 0) + by;
  };
  for (const [name, times] of faults) count(`fault: ${name}`, times);
  for (const run of await listRuns(world.client))
    if (run.outcome === 'failed') count(`failed: ${inGeneral(run.sentence)}`);
  for (const [model, ledger] of world.ledgers) {
    const entries: LedgerEntry[] = [];
    for await (const entry of ledger.entries()) entries.push(entry);
    count('ledger entries', entries.length);
    for (const { change } of entries) {
      if (change.kind === 'run_ended') count(`runs ${change.outcome}`);
      if (change.kind === 'lock_released') count('runs that died');
      if (change.kind === 'rolled_back') count('rollbacks');
    }
    problems.push(...judgePredictions(predictions, model, entries));
    const { store, client, workspace } = world;
    await expectInvariants({ model, ledger, store, client, workspace, serving: { url: '' } }).catch((error: Error) =>
      problems.push(`${model}: ${error.message}`),
    );
  }
  problems.push(...(await replayProblems(world, world.models)));
  return { problems, figures };
}
