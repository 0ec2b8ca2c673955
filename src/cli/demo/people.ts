/** The demo's people and eyes: follows a run, decides by signal, tells what happens. */

import { runStatus } from '../../client/runs.ts';
import type { RunEnd, TriggerAnswer } from '../../workflows/contract.ts';
import type { RunStatus } from '../../workflows/messages.ts';
import type { Replay } from './flights.ts';
import type { Stage } from './stage.ts';

export interface Teller {
  /** A chapter of the story. */
  chapter(title: string): void;
  say(sentence: string): void;
  /** Something that hone itself said. */
  quote(sentence: string): void;
  staged(sentence: string): void;
}

export type Decide = (status: RunStatus) => { kind: 'approve' | 'reject'; by: string; comment: string } | null;

export interface Followed {
  readonly end: RunEnd;
  /** Decisions that a person made. */
  readonly decisions: number;
}

const MINUTES = 10 * 60_000;

/** Watches a run to its end: prints stages, decides when asked, sends traffic while a canary is out. */
export async function follow(
  stage: Stage,
  replay: Replay,
  tell: Teller,
  run: string,
  options: { decide: Decide | 'interactive'; onStage?: (status: RunStatus) => Promise<void> },
): Promise<Followed> {
  const handle = (await stage.client.temporal()).workflow.getHandle(run);
  const ended = handle.result().then(
    (end) => end as RunEnd,
    (error: Error) =>
      ({
        run,
        outcome: 'failed',
        version: null,
        sentence: error.cause instanceof Error ? error.cause.message : error.message,
      }) as RunEnd,
  );
  let traffic: ReturnType<Replay['trickle']> | null = null;
  let shown = '';
  let decided = '';
  let decisions = 0;
  try {
    for (const deadline = Date.now() + MINUTES; Date.now() < deadline; ) {
      const done = await Promise.race([ended, pause(150)]);
      if (done) return { end: done, decisions };
      const status = await runStatus(stage.client, run).catch(() => null);
      if (!status) continue;
      const line = `${status.stage}${status.rollout?.step ? ` ${status.rollout.step} %` : ''}`;
      if (line !== shown) tell.say(`  ${run}  ${line}`);
      shown = line;
      await options.onStage?.(status);
      const labelsUntil = /^labels until (\S+)/.exec(status.waitingFor ?? '')?.[1];
      if (labelsUntil && labelsUntil > replay.clock) {
        tell.quote(`${status.sentence} It waits for labels until ${labelsUntil.slice(0, 10)}.`);
        await replay.advance(labelsUntil);
      }
      if (status.stage === 'deploy' && !traffic) traffic = replay.trickle();
      if (status.waitingFor && status.packet && status.packet !== decided && status.stage === 'approve') {
        decided = status.packet;
        tell.quote(status.sentence);
        decisions += await decideOn(stage, tell, run, status, options.decide);
      }
    }
    throw new Error(`${run} did not end within ten minutes; see ${stage.temporalUi}`);
  } finally {
    await traffic?.stop();
  }
}

async function decideOn(
  stage: Stage,
  tell: Teller,
  run: string,
  status: RunStatus,
  decide: Decide | 'interactive',
): Promise<number> {
  const packet = status.packet?.slice(0, 8);
  if (decide === 'interactive') {
    tell.say(`  Open ${stage.client.uiUrl(run)}`);
    tell.say('  More Actions, Send a Signal, name "approve", and this data:');
    tell.say(`  ${JSON.stringify({ packet, by: 'ana', comment: 'looks right' })}`);
    return 1;
  }
  const decision = decide(status);
  if (!decision) return 0;
  const { kind, by, comment } = decision;
  await (await stage.client.temporal()).workflow.getHandle(run).signal(kind, { packet, by, comment });
  tell.say(`  ${by} sends the signal ${kind} for packet ${packet}: ${comment}`);
  return 1;
}

/** Asks for a run as a person does, on the command line. */
export async function askFor(stage: Stage, reason: string, kind = 'manual'): Promise<TriggerAnswer> {
  return await stage.honeJson<TriggerAnswer>(
    'run',
    'start',
    stage.workspace.models.keys().next().value as string,
    '--reason',
    reason,
    '--kind',
    kind,
    '--by',
    'kim',
  );
}

function pause(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), ms));
}
