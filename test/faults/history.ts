/** What a run's history says about its activities: how often each was asked for, answered, and at which attempt. */
import type { Town } from '../town.ts';

export interface ActivityCount {
  scheduled: number;
  completed: number;
  /** Attempt of the one that answered, the highest where there are several. */
  attempt: number;
}

export async function activitiesOf(town: Town, run: string): Promise<Record<string, ActivityCount>> {
  const { events } = await (await town.client.temporal()).workflow.getHandle(run).fetchHistory();
  const names = new Map<string, string>();
  const counts: Record<string, ActivityCount> = {};
  const countOf = (event: unknown): ActivityCount => {
    const name = names.get(String(event)) ?? '';
    counts[name] ??= { scheduled: 0, completed: 0, attempt: 0 };
    return counts[name];
  };
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: asked, activityTaskStartedEventAttributes: begun } = event;
    if (asked) {
      names.set(String(event.eventId), asked.activityType?.name ?? '');
      countOf(event.eventId).scheduled++;
    }
    if (begun) {
      const count = countOf(begun.scheduledEventId);
      count.attempt = Math.max(count.attempt, Number(begun.attempt));
    }
    const answered = event.activityTaskCompletedEventAttributes;
    if (answered) countOf(answered.scheduledEventId).completed++;
  }
  return counts;
}

const undoing = new Set(['undoRollout', 'rejectVersions', 'closeRun', 'reportRunFinished']);

/** Activities that had not ended when undo began: their effects could have come after it. */
export async function stillAtWorkAtUndo(town: Town, run: string): Promise<string[]> {
  const { events } = await (await town.client.temporal()).workflow.getHandle(run).fetchHistory();
  const open = new Map<string, string>();
  for (const event of events ?? []) {
    const asked = event.activityTaskScheduledEventAttributes;
    if (asked && undoing.has(asked.activityType?.name ?? '')) break;
    if (asked) open.set(String(event.eventId), asked.activityType?.name ?? '');
    const ended =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes;
    if (ended) open.delete(String(ended.scheduledEventId));
  }
  return [...open.values()];
}

/** An undisturbed run of a first version: nothing more and nothing less may be in a disturbed one. */
export const firstRun: Readonly<Record<string, number>> = {
  ingest: 1,
  validate: 1,
  features: 1,
  train: 1,
  register: 2, // candidate and refit
  evaluate: 1,
  gate: 1,
  refitFeatures: 1,
  refit: 1,
  checkTwin: 1,
  packet: 1,
  lookForDecision: 1, // before the approval counts
  recordDecision: 1,
  checkRollout: 1,
  prepareRollout: 1,
  watchRollout: 1, // all traffic
  promoteVersion: 1,
  startProbation: 1,
  closeRun: 1,
  reportRunFinished: 1,
};

/** On top of a champion there is one canary step before. */
export const laterRun: Readonly<Record<string, number>> = { ...firstRun, routeShare: 1, watchRollout: 2 };

/** Where the judged version itself is served. */
export function withoutRefit(whole: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const { refitFeatures: _, refit: __, checkTwin: ___, ...rest } = whole;
  return { ...rest, register: 1 };
}
