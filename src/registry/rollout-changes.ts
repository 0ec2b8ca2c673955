/** Changes that move traffic: prepare, step, promote, undo and roll back. Routing's generation grows with each. All pure. */
import type { Arm, LedgerState, Routing } from './contract.ts';
import { frozenSentence, isFrozen } from './freeze.ts';
import type { Step } from './state.ts';

const ROLLBACKS_KEPT = 10;

/**
 * Has every node load a version; no traffic yet.
 *
 * @param rollout.effectId `<run>/deploy/<step>`: what an undo recognises as the run's own
 * @param rollout.lease key of the lease that keeps the arm alive
 * @param rollout.shadow it scores what the champion answers, until its first share
 */
export function prepareRollout(rollout: {
  version: number;
  effectId: string;
  lease: string | null;
  shadow?: boolean;
}): Step {
  const { version, effectId, lease, shadow = false } = rollout;
  return (state, context) => {
    if (isFrozen(state, context?.as_of)) return { refused: frozenSentence(state) };
    if (version >= state.nextVersion) return { refused: `version ${version} is not registered` };
    if (state.aliases.champion?.version === version) return { refused: `version ${version} is the champion already` };
    const other = candidateArms(state).find((arm) => arm.version !== version);
    if (other) return { refused: `version ${other.version} is in a rollout` };
    return {
      change: { kind: 'rollout_prepared', version, ...(shadow ? { shadow } : {}) },
      state: {
        ...state,
        aliases: {
          ...state.aliases,
          challenger: { version, effectId },
          ...(shadow ? { shadow: { version, effectId } } : {}),
        },
        routing: routed(state, effectId, [...championArms(state, 100), { version, share: 0, lease }]),
      },
    };
  };
}

/** Gives a prepared version a share of the entities, in percent; the champion keeps the rest. */
export function stepRollout(rollout: { version: number; share: number; effectId: string; lease: string | null }): Step {
  const { version, share, effectId, lease } = rollout;
  return (state, context) => {
    if (isFrozen(state, context?.as_of)) return { refused: frozenSentence(state) };
    if (!candidateArms(state).some((arm) => arm.version === version)) {
      return { refused: `version ${version} is not prepared; its rollout was undone or superseded` };
    }
    return {
      change: { kind: 'rollout_step', version, share },
      state: {
        ...state,
        aliases: { ...state.aliases, shadow: shadowBeside(state, version) },
        routing: routed(state, effectId, [...championArms(state, 100 - share), { version, share, lease }]),
      },
    };
  };
}

/**
 * Makes a version the champion with all traffic. The one before stays loaded, so that a rollback needs no download.
 *
 * @param promotion.labels mature labels that exist at `as_of`; null where they were not counted
 * @param promotion.keepShadow the one before goes on scoring what the new champion answers, until probation ends
 */
export function promote(promotion: {
  version: number;
  effectId: string;
  as: 'first' | 'better' | 'non_inferior';
  as_of: string;
  labels: number | null;
  keepShadow?: boolean;
}): Step {
  const { version, effectId, as, as_of, labels, keepShadow = false } = promotion;
  return (state) => {
    const { champion, previous_champion, challenger } = state.aliases;
    if (isFrozen(state, as_of)) return { refused: frozenSentence(state) };
    if (version >= state.nextVersion) return { refused: `version ${version} is not registered` };
    if (champion?.version === version) return { refused: `version ${version} is the champion already` };
    if (champion && as === 'first')
      return { refused: `version ${champion.version} is the champion, so this is not the first` };
    const other = candidateArms(state).find((arm) => arm.version !== version);
    if (other) return { refused: `version ${other.version} is in a rollout` };
    return {
      change: { kind: 'promoted', version, from: champion?.version ?? null, as },
      state: {
        ...state,
        aliases: {
          ...state.aliases,
          champion: { version, effectId },
          previous_champion: champion ? { version: champion.version, effectId } : previous_champion,
          challenger: challenger?.version === version ? null : challenger,
          shadow: keepShadow && champion ? { version: champion.version, effectId } : null,
        },
        anchor: as === 'non_inferior' ? (state.anchor ?? version) : version,
        routing: routed(state, effectId, [championArm(version, 100)], champion ? [champion.version] : []),
        monitoring: { reference: version, effectId },
        budgets: { ...state.budgets, promoted_at: as_of, labels_at_promotion: labels },
      },
    };
  };
}

/**
 * Takes a run's rollout back, but only what is still the run's own (`effectId` starts with `<run>/`).
 *
 * Champion and routing go together: where a newer change routes on top of the run's champion, that champion stays, or
 * alias and traffic would disagree. What is restored carries its old `effectId` again, so a second undo finds nothing.
 *
 * @param undo.before the state that the run saw before its first change of routing
 * @returns refused `superseded` when nothing is the run's any more, which a saga counts as success
 */
export function undoRollout(undo: {
  version: number;
  run: string;
  before: LedgerState;
  reason: string;
  effectId: string;
}): Step {
  const { version, run, before, reason } = undo;
  const own = (id: string | null | undefined) => id?.startsWith(`${run}/`) ?? false;
  return (state) => {
    const { aliases, routing, monitoring } = state;
    const ownRouting = own(routing.effectId);
    const ownChampion = own(aliases.champion?.effectId) && ownRouting;
    const ownChallenger = own(aliases.challenger?.effectId) || (ownChampion && aliases.challenger === null);
    const ownShadow = own(aliases.shadow?.effectId) || (ownRouting && aliases.shadow === null);
    const ownPrevious = own(aliases.previous_champion?.effectId) && ownChampion;
    const ownMonitoring = own(monitoring.effectId) && ownChampion;
    if (!ownRouting && !ownChallenger && !ownShadow) return { refused: 'superseded' };

    const champion = ownChampion ? before.aliases.champion : aliases.champion;
    const restored: LedgerState = {
      ...state,
      aliases: {
        champion,
        challenger: ownChallenger ? before.aliases.challenger : aliases.challenger,
        shadow: ownShadow ? before.aliases.shadow : aliases.shadow,
        previous_champion: ownPrevious ? before.aliases.previous_champion : aliases.previous_champion,
      },
      routing: ownRouting ? routingBefore(state, before, champion?.version, version) : routing,
      monitoring: ownMonitoring ? before.monitoring : monitoring,
    };
    return {
      change: { kind: 'rollout_undone', version, restored: champion?.version ?? null, reason },
      state: ownChampion ? withPromotionOf(restored, before) : restored,
    };
  };
}

/**
 * Puts an earlier version back with all traffic, and fences the active run: whatever it still tries is refused.
 *
 * During a rollout `to` may be the champion itself; then the candidate is what is rolled back. Allowed while frozen.
 * `previous_champion` is cleared, so that a second rollback never returns to what was just found bad. The third automatic
 * one within a day also freezes the model: whatever is promoted and rolled back in a loop needs a person.
 *
 * @param order.onlyFrom automatic callers: the champion that was judged; another one by now is `superseded`
 */
export function rollBack(order: {
  to: number;
  reason: string;
  automatic: boolean;
  effectId: string;
  as_of: string;
  onlyFrom?: number;
}): Step {
  const { to, reason, automatic, effectId, as_of, onlyFrom } = order;
  return (state) => {
    const { champion, previous_champion } = state.aliases;
    if (onlyFrom !== undefined && champion?.version !== onlyFrom) return { refused: 'superseded' };
    if (!champion) return { refused: 'nothing is served, so there is nothing to roll back from' };
    if (to >= state.nextVersion) return { refused: `version ${to} is not registered` };
    const from = champion.version === to ? candidateArms(state)[0]?.version : champion.version;
    if (from === undefined) return { refused: `version ${to} is live already and no rollout is under way` };
    const rollbacks = automatic ? [...state.budgets.rollbacks, as_of].slice(-ROLLBACKS_KEPT) : state.budgets.rollbacks;
    const freeze = automatic && isLoop(rollbacks, as_of) && !isFrozen(state, as_of) ? LOOP : null;
    return {
      change: { kind: 'rolled_back', from, to, reason: freeze ? `${reason}; ${freeze.reason}` : reason, automatic },
      state: {
        ...state,
        freeze: freeze ?? state.freeze,
        activeRun: null,
        aliases: {
          ...state.aliases,
          champion: { version: to, effectId },
          previous_champion: champion.version === to ? previous_champion : null,
          challenger: null,
          shadow: null,
        },
        anchor: state.anchor === from ? to : state.anchor,
        routing: routed(state, effectId, [championArm(to, 100)]),
        monitoring: { reference: to, effectId },
        budgets: { ...state.budgets, rollbacks },
      },
    };
  };
}

const ROLLBACKS_A_DAY = 3;
const DAY_MS = 86_400_000;
const LOOP = {
  by: 'hone',
  reason: `${ROLLBACKS_A_DAY} automatic rollbacks within a day: frozen until a person has looked and unfreezes it`,
  until: null,
};

function isLoop(rollbacks: readonly string[], asOf: string): boolean {
  const within = rollbacks.filter((at) => Date.parse(asOf) - Date.parse(at) < DAY_MS);
  return within.length >= ROLLBACKS_A_DAY;
}

/** The deployment target did not follow the ledger back to a version: book-keeping that pages. */
export function noteReturnFailed({ to, command }: { to: number | null; command: string }): Step {
  return (state) => ({ change: { kind: 'return_failed', to, command }, state });
}

/** Ends the unfinished rollout of a run without knowing what stood before: all traffic to the champion. */
export function withoutCandidateOf(state: LedgerState, run: string, effectId: string | null): LedgerState {
  const { challenger, shadow } = state.aliases;
  const own = (pointer: typeof challenger) => pointer?.effectId.startsWith(`${run}/`) ?? false;
  if (!state.routing.effectId?.startsWith(`${run}/`) || candidateArms(state).length === 0) return state;
  return {
    ...state,
    aliases: {
      ...state.aliases,
      challenger: own(challenger) ? null : challenger,
      shadow: own(shadow) ? null : shadow,
    },
    routing: routed(state, effectId, championArms(state, 100)),
  };
}

/** A version that answers is no shadow any more. */
const shadowBeside = ({ aliases: { shadow } }: LedgerState, version: number): LedgerState['aliases']['shadow'] =>
  shadow?.version === version ? null : shadow;

const championArm = (version: number, share: number): Arm => ({ version, share, lease: null });

const championArms = (state: LedgerState, share: number): Arm[] =>
  state.aliases.champion ? [championArm(state.aliases.champion.version, share)] : [];

const candidateArms = (state: LedgerState): Arm[] =>
  state.routing.arms.filter((arm) => arm.version !== state.aliases.champion?.version);

function routed(state: LedgerState, effectId: string | null, arms: Arm[], keepLoaded: number[] = []): Routing {
  const load = [...new Set([...arms.map((arm) => arm.version), ...keepLoaded, ...rollbackTarget(state, arms)])];
  return { generation: state.routing.generation + 1, load, arms, effectId };
}

/** While a candidate is tried beside the champion, the version to fall back to stays loaded too. */
const rollbackTarget = (state: LedgerState, arms: Arm[]): number[] =>
  arms.length > 1 && state.aliases.previous_champion ? [state.aliases.previous_champion.version] : [];

/** The arms as they were, unless another champion stands now; never the version that is being undone. */
function routingBefore(state: LedgerState, before: LedgerState, champion: number | undefined, undone: number): Routing {
  const same = before.aliases.champion?.version === champion;
  const arms = same ? before.routing.arms.filter((arm) => arm.version !== undone) : [];
  const all = arms.length === 0 && champion !== undefined ? [championArm(champion, 100)] : arms;
  const load = same ? before.routing.load.filter((version) => version !== undone) : [];
  return {
    generation: state.routing.generation + 1,
    load: [...new Set([...all.map((arm) => arm.version), ...load])],
    arms: all,
    effectId: before.routing.effectId,
  };
}

const withPromotionOf = (state: LedgerState, before: LedgerState): LedgerState => ({
  ...state,
  anchor: before.anchor,
  budgets: {
    ...state.budgets,
    promoted_at: before.budgets.promoted_at,
    labels_at_promotion: before.budgets.labels_at_promotion,
  },
});
