/** The gate's report and the packet: everything that a decision about a version rests on, as one data object each. */
import { z } from 'zod';
import { metricName, triggerKind } from '../config/model.ts';
import { evaluationReport } from '../evaluation/contract.ts';
import { digest, geometry, instant, versionNumber } from '../registry/contract.ts';
import { modelSearch } from '../training/search/contract.ts';

export const verdict = z.enum(['pass', 'fail', 'inconclusive']);
export type Verdict = z.output<typeof verdict>;

/**
 * One rule of the gate, judged. Only rules with `effect: blocks` decide the verdict; one that `needs_person` takes away
 * automatic approval, one that `warns` is told.
 */
export const ruleResult = z.strictObject({
  /** Stable name, such as `primary`, `floor/roc_auc`, `slice/origin=JFK/roc_auc`. */
  rule: z.string(),
  kind: z.enum([
    'data',
    'floor',
    'baseline',
    'primary',
    'guard',
    'anchor',
    'slice',
    'calibration',
    'behaviour',
    'fairness',
    'custom',
  ]),
  effect: z.enum(['blocks', 'needs_person', 'warns']),
  outcome: z.enum(['pass', 'fail', 'inconclusive', 'not_judged']),
  metric: metricName.nullable(),
  value: z.number().nullable(),
  limit: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  /** What it was judged on; left out in reports of before it was said. */
  rows: z.number().int().nonnegative().optional(),
  blocks: z.number().int().nonnegative().optional(),
  sentence: z.string(),
});
export type RuleResult = z.output<typeof ruleResult>;

export const gateReport = z.strictObject({
  contract: z.literal(1),
  verdict,
  /** How the ledger would record a promotion: the strongest claim that the evidence supports. */
  as: z.enum(['first', 'better', 'non_inferior']),
  /** Which look at these rows this is (1 the first), and the one-sided level it was allowed. */
  attempt: z.number().int().positive(),
  level: z.number().positive(),
  /** What these rows can tell apart on the primary metric; null where there is nothing to compare. */
  power: z
    .strictObject({
      /** The margin, in the metric's unit. */
      margin: z.number(),
      /** Probability that a candidate exactly as good as the champion passes. */
      equal_passes: z.number().min(0).max(1),
      /** Smallest true improvement that is found `better` in 8 of 10 such holdouts. */
      detectable: z.number(),
    })
    .nullable(),
  rules: z.array(ruleResult),
  /** Sentences of what does not block but takes away automatic approval. */
  warnings: z.array(z.string()),
  /** Sentences of what is only told: `gate.effects` says `warn`. */
  notes: z.array(z.string()).optional(),
  /** Why only a person may approve, whatever `approval.auto` says; empty when none applies. */
  person: z.array(z.string()),
  /** Verdict, number against limit with uncertainty, rows and time, what stays, what to do. */
  sentence: z.string(),
});
export type GateReport = z.output<typeof gateReport>;

/** A version by number and content. */
const versionRef = z.strictObject({ version: versionNumber, manifest: digest });

export const packetContent = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  run: z.string(),
  as_of: instant,
  question: z.string(),
  verdict,
  recommendation: z.string(),
  reasons_for: z.array(z.string()).max(3),
  reasons_against: z.array(z.string()).max(3),
  why_now: z.strictObject({ trigger: triggerKind, reason: z.string(), evidence: z.array(z.string()) }),
  candidate: z.strictObject({
    /** The version that was scored on the holdout. */
    judged: versionRef,
    /** The version that will answer requests: the judged one, or its full refit. */
    served: versionRef,
    refit: z.enum(['judged', 'full']),
    sentence: z.string(),
  }),
  champion: versionRef.nullable(),
  anchor: versionNumber.nullable(),
  rollback_to: versionNumber.nullable(),
  evaluation: evaluationReport,
  gate: gateReport,
  data: z.strictObject({
    raw: digest.nullable(),
    features: digest.nullable(),
    definition: digest.nullable(),
    geometry: geometry.nullable(),
    findings: z.array(z.string()),
  }),
  /** The trials that the candidate was chosen among. */
  search: modelSearch.optional(),
  /** What differs from the champion's run. */
  changed: z.array(z.strictObject({ what: z.string(), from: z.string(), to: z.string() })),
  rollout: z.strictObject({
    steps: z.array(z.number()),
    bake: z.string(),
    /** How long the candidate scores live requests beside the champion before the first step, at least. */
    shadow: z.string().optional(),
    probation: z.string(),
    on_worse: z.string(),
    /** A target outside hone; `split` is null where it did not say whether it can split traffic. */
    through: z
      .strictObject({ target: z.enum(['webhook', 'command']), split: z.boolean().nullable(), sentence: z.string() })
      .optional(),
  }),
  approval: z.strictObject({
    approvers: z.number().int().positive(),
    from: z.array(z.string()),
    deadline: z.string(),
    on_expiry: z.string(),
  }),
  provenance: z.strictObject({
    config: digest,
    /** Digest of the parts of the file that decide: tier, gate, approval, deploy. */
    policy: digest,
    code: z.strictObject({ commit: z.string(), dirty: z.boolean() }),
    trainer: z.strictObject({ name: z.string(), digest: digest.nullable() }),
    seed: z.number().int().nonnegative(),
    environment: z.record(z.string(), z.string()),
    /** The configuration in force when the packet was made, where the run began with another one. */
    in_force: z.strictObject({ config: digest, policy: digest }).optional(),
  }),
  /** Earlier decisions about this model, newest first. */
  earlier: z.array(z.string()).max(10),
});
export type PacketContent = z.output<typeof packetContent>;

/** `digest` is the SHA-256 of the canonical JSON of everything else but `short`; `short` is its first 8 digits. */
export const packet = packetContent.extend({ digest, short: z.string().regex(/^[0-9a-f]{8}$/) });
export type Packet = z.output<typeof packet>;
