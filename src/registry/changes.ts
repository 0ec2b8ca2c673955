/** Changes of configuration, runs and versions. What moves traffic is in `rollout-changes.ts`. All pure. */
import type { Digest, LedgerState } from './contract.ts';
import { frozenSentence, isFrozen } from './freeze.ts';
import { withoutCandidateOf } from './rollout-changes.ts';
import type { Step } from './state.ts';

export { freeze, isFrozen, unfreeze } from './freeze.ts';
export { noteReturnFailed, prepareRollout, promote, rollBack, stepRollout, undoRollout } from './rollout-changes.ts';
export { initialState, runId } from './state.ts';

const RUNS_KEPT = 20;

/** Makes a configuration current; a paused model goes on. */
export function applyConfig(config: Digest): Step {
  return (state) => ({ change: { kind: 'config_applied', config }, state: { ...state, config, paused: false } });
}

/** A model whose file was removed: no new runs; what is served stays served. */
export function pauseModel(): Step {
  return (state) => ({ change: { kind: 'model_paused' }, state: { ...state, paused: true } });
}

/**
 * Takes the lock for a run and its number from `nextRun`. `run` must be `runId(model, state.nextRun)`, so that an id is
 * never used twice.
 *
 * @param order.as_of null until ingest has fixed it
 * @param order.now wall-clock instant of the start
 */
export function startRun(order: {
  run: string;
  trigger: string;
  config: Digest;
  as_of: string | null;
  now: string;
}): Step {
  const { run, trigger, config, as_of, now } = order;
  return (state) => {
    if (state.activeRun) return { refused: `run ${state.activeRun.run} is active` };
    if (state.paused) return { refused: 'the model is paused' };
    if (isFrozen(state, as_of ?? now)) return { refused: frozenSentence(state) };
    if (!run.endsWith(`-${String(state.nextRun).padStart(6, '0')}`)) {
      return { refused: `the next run has number ${state.nextRun}, which "${run}" is not` };
    }
    return {
      change: { kind: 'run_started', run, trigger, config },
      state: { ...state, nextRun: state.nextRun + 1, activeRun: { run, as_of, started_at: now } },
    };
  };
}

/**
 * Records how a run ended, gives its lock back if it still holds it, and counts it in the budgets. One that was cancelled after
 * something newer, such as a rollback, had taken its lock was superseded by that.
 */
export function endRun(end: {
  run: string;
  outcome: string;
  version: number | null;
  as_of: string;
  trigger: string;
}): Step {
  const { run, version, as_of, trigger } = end;
  return (state) => {
    const superseded = end.outcome === 'cancelled' && state.activeRun?.run !== run;
    const outcome = superseded ? 'superseded' : end.outcome;
    if (state.budgets.runs.some((ended) => ended.run === run)) return { refused: `run ${run} has ended already` };
    const runs = [...state.budgets.runs, { run, as_of, outcome, trigger }].slice(-RUNS_KEPT);
    return {
      change: { kind: 'run_ended', run, outcome, version },
      state: { ...withoutLockOf(state, run), budgets: { ...state.budgets, runs } },
    };
  };
}

/**
 * Takes the lock from a run that closed without reporting its end. A candidate that it left beside the champion leaves
 * the routing too, or it would stand in the way of every later rollout; a promotion that it finished stays.
 */
export function releaseLock(run: string, reason: string): Step {
  return (state, context) => {
    if (state.activeRun?.run !== run) return { refused: `run ${run} does not hold the lock` };
    return {
      change: { kind: 'lock_released', run, reason },
      state: withoutCandidateOf(withoutLockOf(state, run), run, context?.effectId ?? null),
    };
  };
}

/** Numbers may be skipped: a manifest that a dead run left behind keeps its number and is never registered. */
export function registerVersion(registered: { version: number; run: string | null; manifest: Digest }): Step {
  const { version, run, manifest } = registered;
  return (state) => {
    if (version < state.nextVersion) return { refused: `version ${version} is registered already` };
    return {
      change: { kind: 'version_registered', version, run, manifest },
      state: { ...state, nextVersion: version + 1 },
    };
  };
}

/** The gate passed and the approvals that the policy asks for are there. */
export function stageVersion(staged: { version: number; packet: Digest | null; breakGlass?: boolean }): Step {
  const { version, packet, breakGlass = false } = staged;
  return (state) => {
    if (version >= state.nextVersion) return { refused: `version ${version} is not registered` };
    const glass = breakGlass ? { break_glass: true as const } : {};
    return { change: { kind: 'version_staged', version, packet, ...glass }, state };
  };
}

export function rejectVersion(rejected: { version: number; reason: string }): Step {
  const { version, reason } = rejected;
  return (state) => {
    const use = useOf(state, version);
    if (use) return { refused: use };
    return { change: { kind: 'version_rejected', version, reason }, state };
  };
}

/** Only for versions that nothing refers to any more. */
export function archiveVersion(archived: { version: number }): Step {
  const { version } = archived;
  return (state) => {
    const use =
      useOf(state, version) ?? (state.anchor === version ? `version ${version} is the anchor of the gate` : undefined);
    if (use) return { refused: use };
    return { change: { kind: 'version_archived', version }, state };
  };
}

/** Probation found the champion not worse; its predecessor need not score beside it any more. */
export function confirm(confirmed: { version: number }): Step {
  const { version } = confirmed;
  return (state) => {
    if (state.aliases.champion?.version !== version) return { refused: 'superseded' };
    return { change: { kind: 'confirmed', version }, state: withoutPredecessorShadow(state) };
  };
}

/** Probation of a champion is over without a confirmation: its predecessor need not score beside it any more. */
export function endShadow({ champion }: { champion: number }): Step {
  return (state) => {
    const { shadow } = state.aliases;
    const ended = withoutPredecessorShadow(state);
    if (state.aliases.champion?.version !== champion || shadow === null || ended === state)
      return { refused: 'superseded' };
    return { change: { kind: 'shadow_ended', version: shadow.version }, state: ended };
  };
}

function withoutPredecessorShadow(state: LedgerState): LedgerState {
  const { shadow, previous_champion } = state.aliases;
  if (shadow === null || shadow.version !== previous_champion?.version) return state;
  return { ...state, aliases: { ...state.aliases, shadow: null } };
}

function useOf(state: LedgerState, version: number): string | undefined {
  if (version >= state.nextVersion) return `version ${version} is not registered`;
  if (state.aliases.champion?.version === version) return `version ${version} is the champion`;
  if (state.aliases.previous_champion?.version === version) return `version ${version} is the rollback target`;
  if (state.routing.arms.some((arm) => arm.version === version)) return `version ${version} is in a rollout`;
  return undefined;
}

const withoutLockOf = (state: LedgerState, run: string): LedgerState =>
  state.activeRun?.run === run ? { ...state, activeRun: null } : state;
