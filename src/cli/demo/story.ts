/** The story, step by step. Everything goes through signals, HTTP and the command line; every fault is staged and says so. */
import { scheduleIds } from '../../client/schedules.ts';
import { openLedger } from '../../registry/ledger.ts';
import type { TickEnd } from '../../workflows/monitoring.ts';
import { damageDelivery, restoreDeliveries, spoilLabels } from './deliveries.ts';
import { addDays, openReplay, type Replay } from './flights.ts';
import { calendars, whatHoneDid, type YearTable } from './months.ts';
import { askFor, type Decide, type Followed, follow, type Teller } from './people.ts';
import { MODEL, type Stage } from './stage.ts';

export interface ToldRun {
  readonly id: string;
  readonly trigger: string;
  readonly reasons: string[];
  readonly outcome: string;
  readonly version?: number;
}

export interface Told {
  readonly runs: ToldRun[];
  readonly table: YearTable;
  readonly decisions: number;
}

const FIRST = '2013-03-01T00:00:00.000Z';
const approves: Decide = () => ({ kind: 'approve', by: 'ana', comment: 'numbers and reasons read' });

export async function tellStory(stage: Stage, tell: Teller, options: { interactive: boolean }): Promise<Told> {
  const runs: ToldRun[] = [];
  let decisions = 0;
  const decide = options.interactive ? ('interactive' as const) : approves;
  const replay = await openReplay(stage, FIRST);
  const ledger = openLedger(stage.store, MODEL);

  const live = async (run: string, how: Partial<Parameters<typeof follow>[4]> = {}): Promise<Followed> => {
    const followed = await follow(stage, replay, tell, run, { decide, ...how });
    const { end } = followed;
    decisions += followed.decisions;
    const reasons = (await stage.honeJson<{ reasons?: { reason: string }[] }>('run', 'show', run)).reasons ?? [];
    runs.push({
      id: run,
      trigger: await triggerOf(stage, run),
      reasons: reasons.map((one) => one.reason),
      outcome: end.outcome,
      ...(end.version ? { version: end.version } : {}),
    });
    tell.quote(`${run}: ${end.outcome}. ${end.sentence}`);
    return followed;
  };

  tell.chapter('1. The first model');
  await stage.setTime(FIRST);
  await stage.hone('config', 'apply');
  const first = await askFor(stage, 'the first model');
  await live(String(first.run));
  const year = calendars(stage, FIRST); // in the background: it needs nothing of what follows

  tell.chapter('2. Weeks go by: predictions over HTTP, labels hours later');
  await replay.advance('2013-03-08T00:00:00.000Z');
  tell.say(`  ${replay.sent} flights asked`);

  tell.chapter('3. A schedule fires');
  runs.push(await fireSchedule(stage, tell));

  tell.chapter('   March: the temperature moves');
  for (let day = '2013-03-15T00:00:00.000Z'; day <= '2013-03-29T00:00:00.000Z'; day = addDays(day, 7)) {
    await replay.advance(day);
    const { sentence, triggered } = await runTick(stage);
    tell.quote(`${day.slice(0, 10)}: ${sentence}`);
    for (const answer of triggered) if (answer.run && answer.answer === 'started') await live(answer.run);
  }

  tell.chapter('4. April: skill drops on mature labels; monitoring starts a run');
  await whenMonitoringAsks(stage, replay, tell, '2013-05-01T00:00:00.000Z', async (run) => {
    let killed = false;
    const onStage = async (status: { stage: string }) => {
      if (status.stage !== 'train' || killed) return;
      killed = true;
      const pid = await stage.killWorker();
      tell.staged(`the worker (process ${pid}) is killed with SIGKILL during training; another one is started`);
    };
    await live(run, { onStage });
  });

  tell.chapter('5. Too soon after a promotion: inconclusive, then judged again');
  await replay.advance(addDays(later(replay.clock), 3));
  const soon = await askFor(stage, 'is there already something better?');
  await live(String(soon.run), {
    decide: () => ({ kind: 'reject', by: 'ana', comment: 'promoted last week; wait for the probation' }),
  });

  tell.chapter('6. Damaged data, and spoiled labels');
  await replay.advance('2013-05-09T00:00:00.000Z');
  tell.staged(await damageDelivery(stage, replay.clock));
  await live(String((await askFor(stage, 'a new delivery has arrived')).run));
  await restoreDeliveries(stage);
  tell.staged(await spoilLabels(stage, replay.clock));
  await live(String((await askFor(stage, 'labels were delivered again')).run));
  await restoreDeliveries(stage);

  tell.chapter('7. A good candidate that misbehaves in production');
  const before = await ledger.state();
  for (let day = '2013-05-23T00:00:00.000Z', tries = 1; tries <= 4; tries += 1, day = addDays(later(replay.clock), 3)) {
    await replay.advance(day);
    const faulty = await stageFault(stage, tell);
    const { end } = await live(String((await askFor(stage, 'four weeks of new labels')).run));
    await fault(stage, faulty, 0);
    if (end.outcome === 'rolled_back') break; // the gate lets it pass on this data; where it does not, a later one is tried
  }
  const after = await ledger.state();
  tell.quote(
    `ledger, routing and monitoring read back: champion ${after.aliases.champion?.version} (was ${before.aliases.champion?.version}), ` +
      `arms ${after.routing.arms.map((arm) => `${arm.version} at ${arm.share} %`).join(', ')}, monitoring against version ${after.monitoring.reference}`,
  );

  tell.chapter('   The rest of the year runs by itself');
  while (replay.clock < '2013-12-31T00:00:00.000Z') {
    await whenMonitoringAsks(stage, replay, tell, '2013-12-31T00:00:00.000Z', (run) => live(run).then(() => undefined));
  }

  const trainings = runs.filter((run) => !['refused_by_validation', 'skipped', 'merged'].includes(run.outcome)).length;
  const table = { ...(await year), hone: await whatHoneDid(stage, FIRST, trainings) };
  return { runs, table, decisions };
}

/** Weekly ticks until monitoring starts a run or the time is over. */
async function whenMonitoringAsks(
  stage: Stage,
  replay: Replay,
  tell: Teller,
  until: string,
  act: (run: string) => Promise<void>,
): Promise<void> {
  while (replay.clock < until) {
    const next = addDays(replay.clock, 7);
    await replay.advance(next < until ? next : until);
    const { sentence, triggered } = await runTick(stage);
    tell.quote(`${replay.clock.slice(0, 10)}: ${sentence}`);
    const started = triggered.find((answer) => answer.answer === 'started');
    if (started?.run) return await act(started.run);
    for (const answer of triggered) tell.say(`  trigger ${answer.answer}: ${answer.reason}`);
  }
}

async function runTick(stage: Stage): Promise<TickEnd> {
  return await stage.honeJson<TickEnd>('monitor', 'run', MODEL);
}

/** Temporal's own "trigger" of the schedule that the configuration asked for. */
async function fireSchedule(stage: Stage, tell: Teller): Promise<ToldRun> {
  const temporal = await stage.client.temporal();
  const schedule = temporal.schedule.getHandle(scheduleIds(MODEL).retraining);
  await schedule.trigger();
  for (;;) {
    const started = (await schedule.describe()).info.recentActions.at(-1)?.action;
    if (started) {
      const { workflowId } = started.workflow;
      const answer = (await temporal.workflow.getHandle(workflowId).result()) as {
        answer: string;
        run: string | null;
        reason: string;
      };
      tell.quote(`schedule: ${answer.answer}. ${answer.reason}`);
      return { id: answer.run ?? workflowId, trigger: 'schedule', reasons: [answer.reason], outcome: answer.answer };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The candidate is judged under the next number; its refit, which would serve, gets the one after. */
async function stageFault(stage: Stage, tell: Teller): Promise<number> {
  const version = (await openLedger(stage.store, MODEL).state()).nextVersion + 1;
  await fault(stage, version, 0.2);
  tell.staged(`version ${version} will answer a fifth of its requests with NaN`);
  return version;
}

async function fault(stage: Stage, version: number, share: number): Promise<void> {
  await fetch(`${stage.predictions}/v1/staged-faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, version, fault: 'nan', share }),
  });
}

/** The next midnight. */
function later(clock: string): string {
  return new Date(Math.ceil(Date.parse(clock) / 86_400_000) * 86_400_000).toISOString();
}

/** As the ledger has it. */
async function triggerOf(stage: Stage, run: string): Promise<string> {
  for await (const { change } of openLedger(stage.store, MODEL).entries()) {
    if (change.kind === 'run_started' && change.run === run) return change.trigger;
  }
  return 'manual';
}
