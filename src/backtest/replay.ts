/** One policy through the past: ticks and schedules ask, the owner's rules answer, runs train, wait, ask people and go live. */
import type { TriggerKind } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { approvedByPolicy } from '../gate/automatic.ts';
import { type EarlierLook, untilNextLook } from '../gate/looks.ts';
import type { Seen } from '../policy/trigger-limits.ts';
import { considerAll } from '../policy/triggers.ts';
import { endRun, initialState, promote, registerVersion, runId, startRun } from '../registry/changes.ts';
import type { LedgerState } from '../registry/contract.ts';
import type { Step } from '../registry/state.ts';
import type { Trigger } from '../workflows/contract.ts';
import { calendar } from './calendar.ts';
import { agreement, holdoutOf, type Judgement, look, recipe, type Workshop } from './candidates.ts';
import { type Past, rowAt } from './past.ts';
import type { Policy } from './policy.ts';
import type { Version } from './scored-version.ts';
import type { ServedLog } from './served-log.ts';
import type { Trained } from './trainings.ts';
import { trainOrSearch } from './trials.ts';
import { newMatureLabels, triggersAt } from './watch.ts';

export type Outcome = 'promoted' | 'rejected_by_gate' | 'inconclusive' | 'failed' | 'unfinished';

export interface ReplayedRun {
  readonly run: string;
  readonly trigger: TriggerKind;
  readonly reason: string;
  readonly asOf: number;
  readonly outcome: Outcome;
  readonly sentence: string;
  readonly personAsked: boolean;
  readonly liveFrom: number | null;
  /** The version that the run would serve, or where it came to none the one that was judged. */
  readonly candidate: Version;
  /** Live when the run started. */
  readonly before: Version;
}

export interface Replay {
  readonly policy: Policy;
  /** Without the first version, which every policy starts with. */
  readonly runs: readonly ReplayedRun[];
  /** Why triggers were turned away, oldest first. */
  readonly skipped: readonly string[];
  /** Every model file that was trained for it, the first version's among them. */
  readonly trained: readonly Trained[];
  /** One a row from `--from` to `--to`: by the version that was live at its time. */
  readonly scores: Float64Array;
}

type Doing =
  | { readonly do: 'look'; readonly at: number }
  | { readonly do: 'go_live'; readonly at: number; readonly as: 'better' | 'non_inferior' };

interface Active {
  readonly run: string;
  readonly trigger: Trigger;
  readonly started: number;
  readonly before: Version;
  /** The time of what it last looked at. */
  asOf: number;
  candidate: Version;
  next: Doing;
  sentence: string;
  personAsked: boolean;
}

const iso = (ms: number) => new Date(ms).toISOString();
/** The ledger names a manifest and a configuration; here there are none. */
const nothing = '0'.repeat(64);

export async function replay(
  policy: Policy,
  workshop: Workshop,
  log: ServedLog,
  onDay: (day: string) => void = () => undefined,
): Promise<Replay> {
  const { past } = workshop;
  const { config } = policy;
  const [from, to] = [Date.parse(past.from), Date.parse(past.to)];
  const { wait_for_labels: waitFor, then } = config.gate.on_inconclusive;
  const { steps, bake } = config.deploy.canary;
  const rollout = policy.gate ? steps.length * durationMs(bake) : 0;
  const moments = calendar(policy, from, to);

  let state: LedgerState = initialState();
  let active: Active | null = null;
  let waiting: Trigger[] = [];
  const versions = new Map<number, Version>();
  const lives: { readonly at: number; readonly version: Version }[] = [];
  const looks: EarlierLook[] = [];
  const runs: ReplayedRun[] = [];
  const skipped: string[] = [];
  const seen: Seen[] = [];
  const trained = new Map<string, Trained>();

  const write = (step: Step, at: number, effectId: string): void => {
    const next = step(state, { as_of: iso(at), effectId });
    if ('refused' in next) throw new RangeError(`${policy.name}, ${iso(at)}, ${effectId}: ${next.refused}`);
    state = next.state;
  };
  const train = async (at: number, part: 'judged' | 'full', twin: Trained | null = null): Promise<Trained> => {
    const { made, all } = await trainOrSearch(workshop, recipe(policy, at, part, twin), twin);
    for (const one of all) trained.set(one.key, one);
    return made;
  };
  const register = (made: Trained, at: number, run: string, holdout: Version['holdout'] = null): Version => {
    const version = { number: state.nextVersion, scored: workshop.scored(made), holdout };
    write(registerVersion({ version: version.number, run, manifest: nothing }), at, `${run}/register`);
    versions.set(version.number, version);
    return version;
  };
  const live = (): Version => {
    const version = versions.get(state.aliases.champion?.version ?? 0);
    if (version === undefined) throw new RangeError(`${policy.name} serves nothing`);
    return version;
  };

  /** The refit where the file asks for one, and how it agrees with what was judged. */
  const toServe = async (judged: Version, { evaluation }: Judgement, at: number, run: string) => {
    const twin = judged.scored.trained;
    if (config.training.refit === 'none')
      return { version: { ...judged, holdout: holdoutOf(evaluation, twin) }, problem: null, moved: null };
    const refit = await train(at, 'full', twin);
    const { problem, moved } = await agreement(workshop, judged, { refit, scored: workshop.scored(refit), at });
    return { version: register(refit, at, run, holdoutOf(evaluation, refit)), problem, moved };
  };
  const serve = (version: Version, as: 'first' | 'better' | 'non_inferior', at: number, run: string): void => {
    versions.set(version.number, version);
    const labels = newMatureLabels(past, version, at);
    write(
      promote({ version: version.number, effectId: `${run}/deploy`, as, as_of: iso(at), labels }),
      at,
      `${run}/deploy`,
    );
    lives.push({ at, version });
  };

  async function first(): Promise<void> {
    const run = runId(config.model, 1);
    write(startRun({ run, trigger: 'manual', config: nothing, as_of: iso(from), now: iso(from) }), from, 'start');
    let version: Version;
    if (policy.gate) {
      const judged = register(await train(from, 'judged'), from, run);
      const order = { candidate: judged, at: from, trigger: 'manual' as const, earlier: looks };
      const judgement = await look(workshop, policy, { ...order, against: { champion: null, anchor: null } });
      version = (await toServe(judged, judgement, from, run)).version;
    } else version = register(await train(from, 'full'), from, run);
    serve(version, 'first', from, run);
    const end = { run, outcome: 'promoted', version: version.number, as_of: iso(from), trigger: 'manual' };
    write(endRun(end), from, `${run}/end`);
  }

  async function ask(arrived: readonly Trigger[], at: number): Promise<void> {
    const waited = state.activeRun ? [] : waiting;
    if (waited.length + arrived.length === 0) return;
    const run = runId(config.model, state.nextRun);
    const asked = { waited, arrived, waiting: state.activeRun ? waiting.length : 0, seen: [...seen] };
    seen.push(...arrived.map(({ kind, as_of }) => ({ kind, as_of: as_of ?? iso(at) })));
    const { starts, queue, answers } = considerAll(asked, state, config.triggers, iso(at), run);
    skipped.push(...answers.flatMap(({ answer, reason }) => (answer === 'skipped' ? [reason] : [])));
    waiting = [...(state.activeRun ? waiting : []), ...queue];
    const [trigger] = starts;
    if (trigger) await start(trigger, at, run);
  }

  async function start(trigger: Trigger, at: number, run: string): Promise<void> {
    const before = live();
    write(startRun({ run, trigger: trigger.kind, config: nothing, as_of: iso(at), now: iso(at) }), at, `${run}/start`);
    const upcoming = moments.find((moment) => moment.at > at && moment.schedule !== null);
    const common = { run, trigger, started: at, before, asOf: at, sentence: '', personAsked: false };
    if (policy.gate) {
      const judged = train(at, 'judged');
      // A scheduled training does not depend on what is live then: it is under way while this run is judged.
      if (upcoming) trainOrSearch(workshop, recipe(policy, upcoming.at, 'judged'), null).catch(() => undefined);
      active = { ...common, candidate: register(await judged, at, run), next: { do: 'look', at } };
    } else {
      const candidate = register(await train(at, 'full'), at, run);
      const next = { do: 'go_live' as const, at: at + durationMs(policy.trainingTime), as: 'better' as const };
      active = { ...common, candidate, next, sentence: 'There is no gate.' };
    }
  }

  async function lookAgain(run: Active, at: number): Promise<void> {
    run.asOf = at;
    const anchor = state.anchor === state.aliases.champion?.version ? null : (versions.get(state.anchor ?? 0) ?? null);
    const trigger = run.trigger.kind;
    const order = { candidate: run.candidate, at, trigger, earlier: looks, against: { champion: live(), anchor } };
    const judgement = await look(workshop, policy, order);
    const { gate, evaluation } = judgement;
    run.sentence = gate.sentence;
    if (evaluation.too_little.length === 0) looks.push({ keys: evaluation.blocks.keys });
    const deadline = run.started + durationMs(waitFor);
    const undecided = gate.verdict === 'inconclusive';
    if (undecided && at < deadline) {
      run.next = { do: 'look', at: Math.min(at + untilNextLook(config, evaluation), deadline) };
      return;
    }
    if (gate.verdict === 'fail') return finish(run, 'rejected_by_gate', at);
    if (undecided && then === 'keep_champion') return finish(run, 'inconclusive', at);
    const { version, problem, moved } = await toServe(run.candidate, judgement, at, run.run);
    if (problem !== null) {
      run.sentence = `The refit does not agree with what was judged: ${problem}.`;
      return finish(run, 'failed', at);
    }
    run.candidate = version;
    run.personAsked = moved !== null || !approvedByPolicy(config, trigger, gate);
    const decided = run.personAsked ? durationMs(policy.approvalDelay) : 0;
    const as = gate.as === 'better' ? 'better' : 'non_inferior';
    run.next = { do: 'go_live', at: at + durationMs(policy.trainingTime) + decided + rollout, as };
  }

  async function finish(run: Active, outcome: Outcome, at: number): Promise<void> {
    keep(run, outcome, outcome === 'promoted' ? at : null);
    const version = outcome === 'promoted' ? run.candidate.number : null;
    const end = { run: run.run, outcome, version, as_of: iso(run.asOf), trigger: run.trigger.kind };
    write(endRun(end), at, `${run.run}/end`);
    active = null;
    await ask([], at);
  }

  function keep(run: Active, outcome: Outcome, liveFrom: number | null): void {
    const { candidate, before, sentence, personAsked, trigger } = run;
    const { kind, reason } = trigger;
    const about = { run: run.run, trigger: kind, reason, asOf: run.started, outcome, sentence };
    runs.push({ ...about, personAsked, liveFrom, candidate, before });
  }

  /** What is under way, up to and with `until`. */
  async function settle(until: number): Promise<void> {
    for (let run = active; run !== null && run.next.at <= until; run = active) {
      const { next } = run;
      if (next.do === 'look') await lookAgain(run, next.at);
      else {
        serve(run.candidate, next.as, next.at, run.run);
        await finish(run, 'promoted', next.at);
      }
    }
  }

  await first();
  for (const { at, tick, schedule } of moments) {
    past.signal?.throwIfAborted();
    onDay(iso(at).slice(0, 10));
    await settle(at);
    const version = live();
    const since = Date.parse(state.budgets.promoted_at ?? iso(from));
    const seen = tick ? await triggersAt({ past, log, config, version, since, asOf: at }) : [];
    const evidence = { new_mature_labels: newMatureLabels(past, version, at), champion: version.number };
    const about = { kind: 'schedule' as const, evidence, eventId: `schedule/${iso(at)}`, as_of: iso(at) };
    const due = schedule === null ? [] : [{ ...about, reason: schedule, by: 'schedule' }];
    await ask([...seen, ...due], at);
    await settle(at);
  }
  await settle(to - 1);
  const open = active as Active | null;
  if (open !== null) keep(open, 'unfinished', null);
  return { policy, runs, skipped, trained: [...trained.values()], scores: await scoresOf(past, lives, to) };
}

async function scoresOf(
  past: Past,
  lives: readonly { readonly at: number; readonly version: Version }[],
  to: number,
): Promise<Float64Array> {
  const begin = rowAt(past, Date.parse(past.from));
  const scores = new Float64Array(rowAt(past, to) - begin);
  for (const [i, { at, version }] of lives.entries()) {
    const [first, last] = [rowAt(past, at), rowAt(past, lives[i + 1]?.at ?? to)];
    scores.set(await version.scored.scores(first, last), first - begin);
  }
  return scores;
}
