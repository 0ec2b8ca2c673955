/** Which workflows do not get on, why, and what frees each. Pure: the same facts, the same answer. */

export interface PendingActivity {
  readonly id: string;
  readonly type: string;
  readonly attempt: number;
  readonly paused: boolean;
  /** A worker has it now. */
  readonly started: boolean;
  /** Since when this try waits for a worker, or for its turn. */
  readonly scheduled_at: string | null;
  readonly last_failure: string | null;
}

export interface WorkflowFacts {
  readonly workflow: string;
  readonly type: string;
  readonly paused: boolean;
  /** The workflow's own turn: null where nothing is to be decided now. */
  readonly task: { readonly attempt: number; readonly started: boolean; readonly scheduled_at: string | null } | null;
  /** Search attribute of the server: set after several failed turns. */
  readonly reported: readonly string[];
  readonly activities: readonly PendingActivity[];
}

export interface Stuck {
  readonly workflow: string;
  readonly type: string;
  /**
   * `task_fails`: the workflow's own code throws at each try. `activity_fails`: a step is tried again and again.
   * `activity_paused`, `workflow_paused`: a person paused it in Temporal. `not_taken`: no worker takes its work.
   */
  readonly why: 'task_fails' | 'activity_fails' | 'activity_paused' | 'workflow_paused' | 'not_taken';
  readonly sentence: string;
  readonly command: string;
}

const TASK_TRIES = 3;
const ACTIVITY_TRIES = 5;
const TAKEN_WITHIN_MS = 60_000;

/** @param now wall-clock instant */
export function stuckOf(facts: WorkflowFacts, now: string): Stuck | null {
  const { workflow, type, task, activities, reported } = facts;
  const command = type === 'retraining' ? `hone run unstick ${workflow}` : `hone run unstick '${workflow}'`;
  const about = { workflow, type, command };
  const waited = (since: string | null) => since !== null && Date.parse(now) - Date.parse(since) > TAKEN_WITHIN_MS;
  if (facts.paused) return { ...about, why: 'workflow_paused', sentence: `${workflow} is paused in Temporal.` };
  if (reported.length > 0 || (task && task.attempt >= TASK_TRIES)) {
    const tries = task ? ` ${task.attempt} tries` : '';
    const problems = reported.length > 0 ? ` (${reported.join(', ')})` : '';
    const sentence = `${workflow} cannot go on: its own code fails${tries ? ` at each of${tries}` : ''}${problems}.`;
    return { ...about, why: 'task_fails', sentence };
  }
  const paused = activities.find((one) => one.paused);
  if (paused)
    return { ...about, why: 'activity_paused', sentence: `${paused.type} of ${workflow} is paused in Temporal.` };
  const failing = activities.find(({ attempt, last_failure }) => attempt >= ACTIVITY_TRIES && last_failure !== null);
  if (failing) {
    const sentence = `${failing.type} of ${workflow} is at try ${failing.attempt}. Last: ${failing.last_failure}`;
    return { ...about, why: 'activity_fails', sentence };
  }
  const untaken = activities.find((one) => !one.started && one.attempt === 1 && waited(one.scheduled_at));
  if ((task && !task.started && waited(task.scheduled_at)) || untaken) {
    const sentence = `No worker takes ${untaken ? `${untaken.type} of ${workflow}` : workflow}.`;
    return { ...about, why: 'not_taken', sentence, command: 'hone up' };
  }
  return null;
}
