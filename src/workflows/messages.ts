/** Names of signals, updates and queries: the one list that clients, pages and workflows share. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Desk } from '../policy/approvals.ts';
import type { Outcome, Stage, StageRecord, TriggerAnswer } from './contract.ts';

// Bodies are `unknown`: anyone may send anything, handlers parse.
export const approveSignal = defineSignal<[unknown]>('approve');
export const rejectSignal = defineSignal<[unknown]>('reject');
export const commentSignal = defineSignal<[unknown]>('comment');
export const triggerSignal = defineSignal<[unknown]>('trigger');
export const pauseSignal = defineSignal<[unknown]>('pause');
export const resumeSignal = defineSignal<[unknown]>('resume');
export const promoteSignal = defineSignal<[unknown]>('promote');
export const abortSignal = defineSignal<[unknown]>('abort');
/** To a waiting run: what its packet rests on may have moved. */
export const lookSignal = defineSignal<[unknown]>('look');

/** A deployment pipeline has answered; what, is in the store. */
export const deployedSignal = defineSignal<[unknown]>('deployed');

export const approveUpdate = defineUpdate<string, [unknown]>('approve');
export const rejectUpdate = defineUpdate<string, [unknown]>('reject');
export const commentUpdate = defineUpdate<string, [unknown]>('comment');
export const triggerUpdate = defineUpdate<TriggerAnswer, [unknown]>('trigger');
/** A run reports its end by the same door as a trigger; what it says is in the ledger. */
export const runFinishedSignal = defineSignal<[unknown]>('runFinished');
/** A new configuration is current. */
export const configAppliedSignal = defineSignal<[unknown]>('configApplied');

export interface RunStatus {
  readonly run: string;
  readonly stage: Stage;
  readonly stages: readonly StageRecord[];
  /** On what or whom the run waits, until when, and what happens then. */
  readonly waitingFor: string | null;
  readonly deadline: string | null;
  readonly then: string | null;
  readonly packet: string | null;
  readonly sentence: string;
  readonly outcome: Outcome | null;
  readonly desk: Desk;
  readonly rollout: { readonly step: number | null; readonly paused: boolean } | null;
}
export const statusQuery = defineQuery<RunStatus>('status');
