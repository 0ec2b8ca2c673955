/** A deployment target is four calls. What they carry, and what a target answers. Workflow code reads it too. */
import { z } from 'zod';
import type { DeployTarget } from '../config/sections/deploy.ts';
import { instant, versionNumber } from '../registry/contract.ts';

const share = z.number().min(0).max(100);
const reason = z.string().min(1).max(500);

/** What a target says that it serves: the version that was deployed last, and its percentage of requests. */
export const targetStatus = z.strictObject({
  /** Null: no version of this model. */
  version: versionNumber.nullable(),
  share,
  healthy: z.boolean(),
  /** Why it is not healthy. */
  problem: reason.optional(),
});
export type TargetStatus = z.output<typeof targetStatus>;

export const capabilities = z.strictObject({
  /** Whether it can give a version less than all requests. */
  split: z.boolean(),
  /** Whether it can serve nothing again: takes `rollback` with `version: null`. Left out: no. */
  withdraw: z.boolean().optional(),
});
export type Capabilities = z.output<typeof capabilities>;

/** One change that a target is asked for. The same key is the same change, however often it arrives. */
export interface Change {
  readonly key: string;
  /** Null, of a rollback only: no version, as before the first. */
  readonly version: number | null;
  readonly share: number;
}

/** `done`: the change was made. `under_way`: a callback will say so. */
export type Taken = 'done' | 'under_way';

/** Where versions run: hone's own prediction server, a pipeline behind a webhook, or a program. */
export interface DeploymentTarget {
  deploy(change: Change): Promise<Taken>;
  status(): Promise<TargetStatus>;
  /** All requests to an earlier version, or to none. */
  rollback(change: Change): Promise<Taken>;
  capabilities(): Promise<Capabilities>;
}

export const CALL = 'hone/deployment-call/1';
export const ANSWER = 'hone/deployment-answer/1';

/** What a pipeline or a program is given; `version` and what follows it only for `deploy` and `rollback`. */
export const deploymentCall = z.strictObject({
  contract: z.literal(CALL),
  call: z.enum(['deploy', 'rollback', 'status', 'capabilities']),
  model: z.string(),
  key: z.string().optional(),
  /** Null: serve no version of the model; asked only of a target that can `withdraw`. */
  version: versionNumber.nullable().optional(),
  share: share.optional(),
  /** Address for the callback; a program answers on standard output. */
  callback: z.string().optional(),
});
export type DeploymentCall = z.output<typeof deploymentCall>;

/** How a pipeline answers `deploy` and `rollback`, at once or by callback. */
export const deploymentAnswer = z.strictObject({
  contract: z.literal(ANSWER),
  key: z.string().min(1).max(300),
  /** Of the call. */
  version: versionNumber.nullable(),
  outcome: z.enum(['done', 'failed']),
  /** Why it failed. */
  reason: reason.optional(),
});
export type DeploymentAnswer = z.output<typeof deploymentAnswer>;

/** What the prediction server answers to a callback. */
export const answerTaken = z.strictObject({
  answer: z.enum(['accepted', 'repeated']),
  /** What the model's ledger wants served now; null: nothing yet. */
  wanted: versionNumber.nullable(),
});
export type AnswerTaken = z.output<typeof answerTaken>;

/** What was asked of a pipeline, by key, under `models/<model>/deployments/`: written before it is sent. */
export const deploymentRequest = z.strictObject({
  contract: z.literal(1),
  call: z.enum(['deploy', 'rollback']),
  key: z.string(),
  version: versionNumber.nullable(),
  share,
  /** Workflow that waits for the answer. */
  workflow: z.string(),
  at: instant,
});
export type DeploymentRequest = z.output<typeof deploymentRequest>;

export const deploymentHeard = z.strictObject({ answer: deploymentAnswer, at: instant });
/** Nobody waits for an answer any more. */
export const deploymentClosed = z.strictObject({ at: instant });

export type OutsideTarget = Exclude<DeployTarget, 'built-in' | { readonly kind: 'server' }>;

/** The target where it is not hone's own prediction server. */
export function outsideTarget(target: DeployTarget): OutsideTarget | null {
  return target === 'built-in' || target.kind === 'server' ? null : target;
}

/** In a sentence, how a version goes live through a target outside. */
export function rolloutSentence(kind: OutsideTarget['kind'], split: boolean | null): string {
  if (split === true)
    return `Deployed through the ${kind}, which splits traffic: hone judges each step by what it says of itself.`;
  const asked =
    split === null
      ? `Deployed through the ${kind}, which did not say whether it can split traffic. If not`
      : `Deployed through the ${kind}, which cannot split traffic`;
  return `${asked}: shadow by replay of logged requests, then 100 %, then probation.`;
}
