/** When the schedule of each model starts a run next, by one listing of Temporal's schedules. Needs no worker. */
import type { HoneClient } from './connect.ts';
import { MANAGED, scheduleIds } from './schedules.ts';

/** ISO instants by model; a model without a schedule, or with a paused one, is left out. @throws TemporalUnreachable */
export async function nextStarts(client: HoneClient): Promise<Map<string, string>> {
  const temporal = await client.temporal();
  const starts = new Map<string, string>();
  for await (const { scheduleId, memo, state, info } of temporal.schedule.list()) {
    const model = memo?.['model'];
    if (memo?.['managedBy'] !== MANAGED || memo['taskQueue'] !== client.taskQueue) continue;
    if (typeof model !== 'string' || scheduleId !== scheduleIds(model).retraining || state.paused) continue;
    const [next] = info.nextActionTimes;
    if (next !== undefined) starts.set(model, next.toISOString());
  }
  return starts;
}
