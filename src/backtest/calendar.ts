/** When something happens by itself: monitoring ticks, and what a schedule asks for. */
import { Cron } from 'croner';
import { durationMs } from '../config/values.ts';
import type { Policy } from './policy.ts';

export interface Moment {
  readonly at: number;
  readonly tick: boolean;
  /** Why a run is asked for; null where it is only a tick. */
  readonly schedule: string | null;
}

/** In order of time, after `from` and before `to` (milliseconds); a tick and a schedule of one instant are one moment. */
export function calendar({ every, config }: Pick<Policy, 'every' | 'config'>, from: number, to: number): Moment[] {
  const ticks = stepsOf(durationMs(config.monitoring.every), from, to);
  const schedules = new Map<number, string>();
  const { schedule } = config.triggers;
  if (schedule.enabled) {
    const cron = new Cron(schedule.cron, { timezone: schedule.timezone, paused: true });
    for (let next = cron.nextRun(new Date(from)); next && next.getTime() < to; next = cron.nextRun(next))
      schedules.set(next.getTime(), `schedule ${schedule.cron} ${schedule.timezone}`);
  }
  if (every !== null) for (const at of stepsOf(durationMs(every), from, to)) schedules.set(at, `every ${every}`);
  const ticking = new Set(ticks);
  const times = [...new Set([...ticks, ...schedules.keys()])].sort((a, b) => a - b);
  return times.map((at) => ({ at, tick: ticking.has(at), schedule: schedules.get(at) ?? null }));
}

function stepsOf(step: number, from: number, to: number): number[] {
  const times: number[] = [];
  for (let at = from + step; at < to; at += step) times.push(at);
  return times;
}
