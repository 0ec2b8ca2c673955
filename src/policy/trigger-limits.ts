/** What a model file holds against starting a run now. Pure; each finding is a sentence that people are shown. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { LedgerState } from '../registry/contract.ts';
import type { Trigger } from '../workflows/contract.ts';
import { freezeWindowAt } from './freeze-windows.ts';

type Triggers = ModelConfig['triggers'];
type Kind = Trigger['kind'];

/** A trigger that was asked, whatever became of it. */
export interface Seen {
  readonly kind: Kind;
  /** The time of its evidence. */
  readonly as_of: string;
}

export interface Limit {
  readonly sentence: string;
  /** Kinds that are told of it and start all the same. */
  readonly told: readonly Kind[];
}

const DAY = durationMs('P1D');
const WEEK = durationMs('P7D');
/** How many ended runs the ledger keeps for budgets. */
const REMEMBERED = 20;
/** Routine starts, pointless without new labels. */
const routine: readonly Kind[] = ['schedule', 'volume', 'age'];
/** Asked for by somebody or something outside: a new fact does not wait for the rhythm of retraining. */
const askedFor: readonly Kind[] = ['manual', 'event'];
/** Ends that say nothing about the model, so they neither cool down nor use up the weekly budget. */
const withoutJudgement = new Set(['refused_by_validation', 'failed', 'cancelled']);

export function judgedRuns(state: LedgerState): LedgerState['budgets']['runs'] {
  return state.budgets.runs.filter((run) => !withoutJudgement.has(run.outcome));
}

/** Everything that speaks against this trigger at this time, in the order in which it is told. */
export function limitsAgainst(
  trigger: Trigger,
  state: LedgerState,
  triggers: Triggers,
  asOf: string,
  seen: readonly Seen[],
): Limit[] {
  const { limits } = triggers;
  const now = Date.parse(asOf);
  const found: Limit[] = [];
  const against = (told: readonly Kind[], sentence: string | null | false) => {
    if (sentence) found.push({ sentence, told });
  };
  against(['manual'], freezeWindowAt(triggers.freeze_windows, asOf));
  const today = state.budgets.runs.filter((run) => now - Date.parse(run.as_of) < DAY).length;
  against(['manual'], today >= limits.per_day && budget(today, limits.per_day, 'last 24 hours'));
  if (!state.aliases.champion) return found;

  const judged = judgedRuns(state);
  const last = judged.at(-1);
  against(
    askedFor,
    last !== undefined &&
      now - Date.parse(last.as_of) < durationMs(limits.cool_down) &&
      `cool-down of ${limits.cool_down} since ${last.run} (${last.as_of}) is not over`,
  );
  const inWeek = (run: { as_of: string }) => now - Date.parse(run.as_of) < WEEK;
  const thisWeek = judged.filter(inWeek).length;
  const all = state.budgets.runs;
  if (thisWeek >= limits.per_week) against(askedFor, budget(thisWeek, limits.per_week, 'last seven days'));
  else if (all.length >= REMEMBERED && all.every(inWeek))
    against(askedFor, `budget used: the last ${all.length} runs were all in the last seven days`);
  const labels = trigger.evidence?.['new_mature_labels'];
  against(
    [],
    routine.includes(trigger.kind) &&
      typeof labels === 'number' &&
      labels < limits.min_new_labels &&
      `${labels} new mature labels, fewer than ${limits.min_new_labels}: nothing to learn yet`,
  );
  against([], missingCompanion(trigger.kind, triggers.combine, now, last?.as_of ?? null, seen));
  return found;
}

/** Kinds that another one has to be seen with. */
export function companionKinds({ combine }: Triggers): Set<Kind> {
  return new Set(Object.values(combine).flatMap((rule) => rule?.only_with ?? []));
}

const budget = (used: number, of: number, when: string) => `budget used: ${used} of ${of} runs in the ${when}`;

/** What the last run has seen already is no companion: it had its answer. */
function missingCompanion(
  kind: Kind,
  combine: Triggers['combine'],
  now: number,
  lastRun: string | null,
  seen: readonly Seen[],
): string | null {
  const rule = kind === 'manual' ? undefined : combine[kind];
  if (rule === undefined) return null;
  const from = now - durationMs(rule.within);
  const isNew = (at: number) => at > from && at <= now && (lastRun === null || at > Date.parse(lastRun));
  const missing = rule.only_with.filter(
    (other) => !seen.some((one) => one.kind === other && isNew(Date.parse(one.as_of))),
  );
  if (missing.length === 0) return null;
  return `${kind} starts a run only with ${rule.only_with.join(' and ')} within ${rule.within}; no ${missing.join(' and no ')} so far`;
}
