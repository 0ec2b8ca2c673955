/** What does not fit together in the facts about one model. Pure: the same facts, the same findings. */
import { candidateOf } from './candidate.ts';
import type { Finding, ModelFacts, TrainerFact } from './contract.ts';

/** A run is in the ledger a moment before it is in Temporal, and later where a worker died between the two. */
const STARTS_WITHIN_MS = 10 * 60_000;
/** Nodes load, owners decide and runs notice that they were fenced: nothing younger than this is a fault. */
const SETTLES_WITHIN_MS = 2 * 60_000;

/** @param now wall-clock instant: these are leases between machines, not policy */
export function findingsOf(facts: ModelFacts, now: string): Finding[] {
  const settled = Date.parse(now) - Date.parse(facts.changed_at) >= SETTLES_WITHIN_MS;
  return [
    ...goneRun(facts, now),
    ...(settled ? [...runsWithoutLock(facts), ...waitingOwner(facts), ...disagreeingNodes(facts)] : []),
    ...scheduleFindings(facts),
  ];
}

function goneRun({ model, state, active }: ModelFacts, now: string): Finding[] {
  if (!state.activeRun || !active || active.status === 'RUNNING' || active.status === 'PAUSED') return [];
  const { run, started_at } = state.activeRun;
  if (active.status === 'MISSING' && Date.parse(now) - Date.parse(started_at) < STARTS_WITHIN_MS) return [];
  const candidate = candidateOf(state, run);
  const { champion } = state.aliases;
  const promoted = champion?.effectId.startsWith(`${run}/`) ? champion.version : null;
  const how = active.status === 'MISSING' ? 'Temporal does not know it' : `it is ${active.status.toLowerCase()}`;
  const left = candidate
    ? ` It left version ${candidate.version} at ${candidate.share} % of traffic.`
    : promoted
      ? ` It had made version ${promoted} champion.`
      : '';
  const sentence = `${run} holds the lock of ${model} and is over: ${how}, and it never recorded its end.${left}`;
  return [{ kind: 'run_gone', model, run, candidate, promoted, sentence }];
}

function runsWithoutLock({ model, state, open }: ModelFacts): Finding[] {
  return open
    .filter(({ run, status, outcome }) => run !== state.activeRun?.run && status === 'RUNNING' && outcome === null)
    .map(({ run }) => ({
      ...{ kind: 'run_without_lock' as const, model, run },
      sentence: `${run} goes on, but may not write any more: the lock of ${model} is ${state.activeRun ? `held by ${state.activeRun.run}` : 'free'}.`,
    }));
}

function waitingOwner({ model, state, waiting, open }: ModelFacts): Finding[] {
  const after = state.budgets.runs.at(-1)?.run;
  if (waiting === 0 || state.activeRun || state.paused || open.length > 0 || after === undefined) return [];
  const sentence = `${waiting} trigger(s) of ${model} wait for the end of a run, and none is active since ${after}: its owner does not know.`;
  return [{ kind: 'owner_waits', model, after, sentence }];
}

/** Beside an active run nodes are watched by its rollout, which undoes itself where one does not follow. */
function disagreeingNodes({ model, state, nodes }: ModelFacts): Finding[] {
  const champion = state.aliases.champion?.version;
  if (champion === undefined || state.activeRun) return [];
  const { generation } = state.routing;
  return nodes.flatMap((node): Finding[] => {
    const failure = node.failed.find(({ version }) => version === champion);
    if (node.champion === champion && node.generation === generation && !failure) return [];
    const serves = node.champion === null ? 'nothing' : `version ${node.champion}`;
    const why = failure ? ` It cannot load version ${champion}: ${failure.reason}` : '';
    const sentence = `${node.node} serves ${serves} of ${model} (generation ${node.generation}); the ledger says version ${champion} (generation ${generation}).${why}`;
    return [{ kind: 'node_disagrees', model, node, sentence }];
  });
}

function scheduleFindings({ model, schedules, schedules_wanted }: ModelFacts): Finding[] {
  const wanted = schedules_wanted ?? [];
  const because = schedules_wanted === null ? `${model} is paused or has no configuration` : 'its file asks for none';
  return [
    ...schedules
      .filter((schedule) => !wanted.includes(schedule))
      .map((schedule) => ({
        ...{ kind: 'schedule_orphan' as const, model, schedule },
        sentence: `Temporal has the schedule ${schedule}, but ${because}.`,
      })),
    ...wanted
      .filter((schedule) => !schedules.includes(schedule))
      .map((schedule) => ({
        ...{ kind: 'schedule_missing' as const, model, schedule },
        sentence: `The configuration of ${model} asks for the schedule ${schedule}, which Temporal does not have.`,
      })),
  ];
}

export function trainerFinding(trainer: TrainerFact): Finding {
  const { model, run, pid, started_at } = trainer;
  const sentence = `The trainer of ${run} (process ${pid}, since ${started_at}) goes on, but the worker that started it is dead.`;
  return { kind: 'trainer_orphan', model, trainer, sentence };
}
