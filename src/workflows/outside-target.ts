/** Changes through a deployment target outside hone: asked, answered by a signal or not at all, read back. */
import { ApplicationFailure, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { z } from 'zod';
import type { TargetChange, TargetOf } from '../activities/outside-target.ts';
import * as messages from './messages.ts';
import { until } from './run.ts';
import { step } from './steps.ts';

const deployed = z.object({ key: z.string() });

/** Around the time in which the pipeline has the word. */
export interface Patience {
  around<T>(deadline: string, work: () => Promise<T>): Promise<T>;
  /** Somebody does not want to wait for the answer. */
  interrupted(): boolean;
}

export interface OutsideTarget {
  /**
   * The target shows the change, whoever answered.
   *
   * @returns how it was seen, or null where the ledger wants something else by now
   * @throws DeploymentNotConfirmed and whatever the target refuses, as activity failures
   */
  change(of: TargetOf, change: TargetChange, patience?: Patience): Promise<string | null>;
  /**
   * All requests to an earlier version, or to none (null): tried without end, and people are paged after the first try
   * that failed. A target that cannot serve none is left to them.
   */
  giveBack(of: TargetOf, effect: string, version: number | null): Promise<string>;
}

const alone: Patience = { around: (_deadline, work) => work(), interrupted: () => false };
const LONGEST_PAUSE_S = 3600;

export function openOutsideTarget(): OutsideTarget {
  const answered = new Set<string>();
  setHandler(messages.deployedSignal, (body) => {
    const parsed = deployed.safeParse(body);
    if (parsed.success) answered.add(parsed.data.key);
  });

  const change: OutsideTarget['change'] = async (of, order, patience = alone) => {
    const { call, key, version, share } = order;
    const asked = await step('data', `${call} version ${version} at ${share} %`).askTarget(of, order);
    if (asked.superseded) return null;
    let heard = asked.answered;
    if (!heard) {
      const deadline = new Date(Date.now() + asked.patienceMs).toISOString();
      const word = () => answered.has(key) || patience.interrupted();
      await patience.around(deadline, () => until(word, asked.patienceMs, 'wait for the pipeline to answer'));
      heard = answered.has(key);
      if (patience.interrupted()) return null;
    }
    return await step('watching', 'read the deployment target back').confirmTarget(of, order, heard);
  };

  return {
    change,
    async giveBack(of, effect, version) {
      for (let attempt = 1; ; attempt++) {
        const key = `${effect}/rollback-${attempt}`;
        try {
          const seen = await change(of, { call: 'rollback', key, version, share: version === null ? 0 : 100 });
          return seen ?? 'the ledger wants another version by now, so the deployment target was left alone';
        } catch (error) {
          // Temporal's own wrapping says nothing; its cause does.
          const cause = error instanceof Error && error.cause instanceof Error ? error.cause : null;
          const why = cause?.message ?? String(error);
          const forGood = cause instanceof ApplicationFailure && cause.type === 'HONE_TARGET_CANNOT_WITHDRAW';
          const page = step('undo', 'page: rollback failed');
          if (attempt === 1) await page.pageReturnFailed(of, { key, version, why, forGood });
          if (forGood) return 'the deployment target cannot serve none: somebody was paged to take the version out';
        }
        await sleep(Math.min(60 * 2 ** (attempt - 1), LONGEST_PAUSE_S) * 1000, { summary: 'before the next try' });
      }
    },
  };
}

/** Of a rollback that no run does: unique for each. */
export const effectOfThis = (): string => workflowInfo().workflowId;
