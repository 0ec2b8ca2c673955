/** What passes between clients, workflows and activities: references and small facts, never data. */
import { z } from 'zod';
import type { Trained } from '../activities/train.ts';
import type { Checked } from '../activities/validate.ts';
import type { ModelConfig } from '../config/model.ts';
import { triggerKind } from '../config/model.ts';
import { columnName } from '../config/values.ts';
import type { SnapshotRef } from '../data/contract.ts';
import { decisionSignature } from '../identity/contract.ts';
import { instant } from '../registry/contract.ts';

/** Longest texts that a message may carry; longer ones are refused, not cut, so that nobody loses words unseen. */
const TEXT = { reason: 500, comment: 2000, name: 120, evidence: 4000 } as const;

/** What the run that a trigger starts has to show. Whoever demands anything demands a person's approval with it. */
export const demand = z.strictObject({
  /** The world is another one from then on: rows before it do not answer. */
  since: instant.optional(),
  /** Rows with this value, as text, are judged apart; too few of them leave the gate undecided. */
  slice: z.strictObject({ column: columnName, value: z.string().min(1).max(200) }).optional(),
});
export type Demand = z.output<typeof demand>;

/** Stages that a run may begin at: what comes before them is immutable. */
export const retryStage = z.enum(['validate', 'features', 'train', 'evaluate']);
export type RetryStage = z.output<typeof retryStage>;

/** A run again from one of its stages, on the results of those before. */
export const retryOrder = z.strictObject({ run: z.string().min(1).max(TEXT.name), from: retryStage });
export type RetryOrder = z.output<typeof retryOrder>;

/** Why a run should start. Anyone with a Temporal client may send one. */
export const trigger = z.strictObject({
  kind: triggerKind,
  reason: z.string().min(1).max(TEXT.reason),
  evidence: z
    .record(z.string(), z.unknown())
    .refine(
      (value) => JSON.stringify(value).length <= TEXT.evidence,
      `evidence is longer than ${TEXT.evidence} characters`,
    )
    .optional(),
  /** The same id twice is one trigger. Invented when missing. */
  eventId: z.string().min(1).max(200).optional(),
  /** Logical time of the evidence; the clock's time when missing. */
  as_of: instant.optional(),
  by: z.string().min(1).max(TEXT.name),
  demand: demand.optional(),
  retry: retryOrder.optional(),
});
export type Trigger = z.output<typeof trigger>;

export interface TriggerAnswer {
  readonly answer: 'started' | 'merged' | 'queued' | 'skipped';
  readonly run: string | null;
  readonly reason: string;
}

/** An approval or a rejection: it names the packet that was seen. */
export const decision = z.strictObject({
  packet: z.string().regex(/^[0-9a-f]{8,64}$/, 'the first 8 or more digits of the packet digest'),
  by: z.string().min(1).max(TEXT.name),
  comment: z.string().max(TEXT.comment).optional(),
  /** Approve alone, where the policy names this person for it; it is reviewed afterwards. */
  break_glass: z.literal(true).optional(),
  signature: decisionSignature.optional(),
});
export type Decision = z.output<typeof decision>;

export const comment = z.strictObject({
  by: z.string().min(1).max(TEXT.name),
  comment: z.string().min(1).max(TEXT.comment),
});

/** `pause`, `resume`, `promote` and `abort` of a rollout. */
export const rolloutCommand = z.strictObject({
  by: z.string().min(1).max(TEXT.name),
  reason: z.string().max(TEXT.reason).optional(),
});
export type RolloutCommand = z.output<typeof rolloutCommand>;

export type Outcome =
  | 'promoted'
  | 'refused_by_validation'
  | 'rejected_by_gate'
  | 'inconclusive'
  | 'rejected_by_person'
  | 'expired'
  | 'rolled_back'
  | 'superseded'
  | 'merged'
  | 'skipped'
  | 'cancelled'
  | 'failed';

export type Stage =
  | 'ingest'
  | 'validate'
  | 'features'
  | 'train'
  | 'evaluate'
  | 'gate'
  | 'approve'
  | 'deploy'
  | 'monitor';

/** What every activity of a run receives first. */
export interface RunRef {
  readonly model: string;
  readonly run: string;
  /** Rules windows and maturity; moves on only when an inconclusive run looks again. */
  readonly as_of: string;
  readonly config: string;
  readonly trigger: string;
  /** Ledger entry that started the run: everything that it wrote is after it. */
  readonly seq: number;
  /** The run whose earlier stages count for this one; its `as_of` is theirs. */
  readonly retry?: RetryOrder;
}

/** The parts of the configuration that the workflow itself needs for timers and policy, fixed at the start. */
export interface RunPlan {
  readonly refit: ModelConfig['training']['refit'];
  readonly trainingWallClock: string;
  /** Absent where the file lists no configurations, and in the order of a run from before there were any. */
  readonly search?: {
    /** Names of those to train; of configurations with the same parameters only the first. */
    readonly trials: readonly string[];
    readonly atOnce: number;
  };
  readonly onInconclusive: ModelConfig['gate']['on_inconclusive'];
  readonly approval: ModelConfig['approval'];
  /** Names of the people in the approving groups. */
  readonly approvers: readonly string[];
  /** Without `shadow` in the order of a run from before there were any. */
  readonly deploy: Omit<ModelConfig['deploy'], 'shadow'> & Partial<Pick<ModelConfig['deploy'], 'shadow'>>;
  readonly clock: 'wall' | 'logical';
}

/** What became of one trial of `training.search`. */
export interface TrialOutcome {
  readonly trial: string;
  /** Key of the document with the trained model's files; null when it failed. */
  readonly key: string | null;
  readonly failed: string | null;
}

/** The input of `retraining`: written by the owner's decision, recorded in history. */
export interface RunOrder {
  readonly ref: RunRef;
  readonly plan: RunPlan;
  /** Version of the approval and rollout reducers; fixed so that old runs replay. 2: packets can become void. */
  readonly policyVersion: 1 | 2;
  /** Up to 20 reasons; all of them are in the store under the run. */
  readonly reasons: readonly { readonly kind: string; readonly reason: string; readonly by: string }[];
  readonly reasonCount: number;
  /** People who asked for this run: they may not approve it. */
  readonly starters: readonly string[];
  /** Results of the stages that are not done again. */
  readonly startFrom?: StartFrom;
}

/** Each as the stage of the earlier run answered; what is left out is done by this one. */
export interface StartFrom {
  readonly raw: SnapshotRef;
  readonly checks?: Checked;
  readonly features?: SnapshotRef;
  readonly trained?: Trained;
}

export interface RunEnd {
  readonly run: string;
  readonly outcome: Outcome;
  readonly version: number | null;
  readonly sentence: string;
}

export interface StageRecord {
  readonly stage: Stage;
  readonly started: string;
  readonly ended: string | null;
}

/** The queue that training runs on, beside the one of everything else. */
export function trainingQueue(taskQueue: string): string {
  return `${taskQueue}-training`;
}
