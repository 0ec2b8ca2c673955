/** What starts runs of a model and what holds them back, who decides, and how a version takes over. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { judgedRuns } from '../../policy/trigger-limits.ts';
import type { LedgerState } from '../../registry/contract.ts';
import { type Html, html } from '../html.ts';
import { count, many } from '../parts/numbers.ts';
import { facts } from '../parts/table.ts';
import { lasting, utc } from '../parts/time.ts';

/** @param next when the schedule starts a run; undefined without one */
export function policySection(
  model: string,
  { triggers, approval, gate, deploy }: ModelConfig,
  state: LedgerState,
  next: string | undefined,
): Html {
  const { schedule, limits, performance, calibration, drift, volume, age } = triggers;
  const { approvers, from, deadline } = approval.otherwise;
  const others = [
    performance.enabled && 'skill that falls',
    calibration.enabled && 'calibration that is off',
    drift.then === 'retrain' && 'drift',
    volume !== null && `${count(volume.new_mature_labels)} new labels`,
    age !== null && `a model older than ${lasting(age.older_than)}`,
  ].filter((text) => text !== false);
  const last = judgedRuns(state).at(-1);
  const cooled = last && new Date(Date.parse(last.as_of) + durationMs(limits.cool_down)).toISOString();
  return html`<section aria-labelledby="policy"><h2 id="policy">Policy</h2>${facts([
    ['Schedule', schedule.enabled ? `${schedule.cron} (${schedule.timezone})` : 'off'],
    ['Next start by it', next === undefined ? 'none planned' : utc(next)],
    ['Also started by', [...others, 'events', 'people'].join(', ')],
    [
      'Limits',
      `${many(limits.per_week, 'run')} a week, ${lasting(limits.cool_down)} between runs, ${count(limits.min_new_labels)} new labels`,
    ],
    ['Cool-down', cooled === undefined ? 'no run was judged yet' : `until ${utc(cooled)}, after ${last?.run}`],
    ['Gate', `${gate.primary}, promoted when ${gate.champion.promote_when.replace('_', '-')}`],
    ['Approval', `${approvers} of ${from.join(', ')} within ${lasting(deadline)}`],
    ['Canary', `${deploy.canary.steps.join(', ')} %, ${lasting(deploy.canary.bake)} each`],
    ['All settings', html`<a href="/models/${model}/settings">with the line of the file that sets each</a>`],
  ])}</section>`;
}
