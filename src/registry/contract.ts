/** What the ledger and a version are made of. Written once, read for ever: change only by adding optional fields. */
import { z } from 'zod';
import { modelSearch } from '../training/search/contract.ts';

/** SHA-256 of the content, 64 hexadecimal digits. */
export const digest = z.string().regex(/^[0-9a-f]{64}$/);
export type Digest = z.output<typeof digest>;

/** ISO 8601 instant in UTC, such as `2013-04-10T00:00:00.000Z`. */
export const instant = z.string().datetime();

export const versionNumber = z.number().int().positive();

export const alias = z.enum(['champion', 'challenger', 'shadow', 'previous_champion']);
export type Alias = z.output<typeof alias>;

/** `effectId` names the change that set a pointer (`<run>/<stage>/<step>`): an undo restores only what is still its own. */
const pointer = z.strictObject({ version: versionNumber, effectId: z.string() }).nullable();

export const arm = z.strictObject({
  version: versionNumber,
  /** Percent of entities, 0 to 100. 0 means: load and be ready, take no traffic. */
  share: z.number().min(0).max(100),
  /** Key of the lease object that keeps a canary arm alive; null for the champion, which never expires. */
  lease: z.string().nullable(),
});
export type Arm = z.output<typeof arm>;

export const routing = z.strictObject({
  generation: z.number().int().nonnegative(),
  load: z.array(versionNumber),
  arms: z.array(arm),
  effectId: z.string().nullable(),
});
export type Routing = z.output<typeof routing>;

/** From `at` on the world was different; who confirmed it, and why. */
export const confirmedBreak = z.strictObject({
  at: instant,
  /** A person said so, an outside event named the day, or the champion's skill fell on labelled rows. */
  source: z.enum(['person', 'event', 'performance']),
  by: z.string().min(1),
  reason: z.string(),
});
export type ConfirmedBreak = z.output<typeof confirmedBreak>;

/** The whole small truth about a model, complete in every ledger entry. */
export const ledgerState = z.strictObject({
  nextVersion: versionNumber,
  nextRun: z.number().int().positive(),
  aliases: z.strictObject({ champion: pointer, challenger: pointer, shadow: pointer, previous_champion: pointer }),
  /** The last version promoted as `better`, or the first: what non-inferior promotions are also held against. */
  anchor: versionNumber.nullable(),
  routing,
  freeze: z.strictObject({ by: z.string(), reason: z.string(), until: instant.nullable() }).nullable(),
  /** The only run that may write. */
  activeRun: z.strictObject({ run: z.string(), as_of: instant.nullable(), started_at: instant }).nullable(),
  monitoring: z.strictObject({ reference: versionNumber.nullable(), effectId: z.string().nullable() }),
  budgets: z.strictObject({
    /** `as_of` of the last runs that ended, newest last, at most 20. */
    runs: z.array(z.strictObject({ run: z.string(), as_of: instant, outcome: z.string(), trigger: z.string() })),
    /** `as_of` of the last automatic rollbacks, newest last, at most 10. */
    rollbacks: z.array(instant),
    /** `as_of` of the last promotion: evidence older than it is dropped. */
    promoted_at: instant.nullable(),
    /** Mature labels that existed at the last promotion's `as_of`. */
    labels_at_promotion: z.number().int().nonnegative().nullable(),
  }),
  /** Digest of the configuration that `hone config apply` made current. */
  config: digest.nullable(),
  paused: z.boolean(),
  /** Digests of the readmissions in force, oldest first: rows that a person vouched for are not set aside again. */
  vouched: z.array(digest).optional(),
  /** Confirmed breaks by the instant at which they happened, oldest first. */
  breaks: z.array(confirmedBreak).optional(),
});
export type LedgerState = z.output<typeof ledgerState>;

/** What happened. `status` changes of versions are derived from these. */
export const change = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('config_applied'), config: digest }),
  z.strictObject({ kind: z.literal('model_paused') }),
  z.strictObject({ kind: z.literal('run_started'), run: z.string(), trigger: z.string(), config: digest }),
  z.strictObject({
    kind: z.literal('run_ended'),
    run: z.string(),
    outcome: z.string(),
    version: versionNumber.nullable(),
  }),
  z.strictObject({ kind: z.literal('lock_released'), run: z.string(), reason: z.string() }),
  z.strictObject({
    kind: z.literal('version_registered'),
    version: versionNumber,
    run: z.string().nullable(),
    manifest: digest,
  }),
  z.strictObject({
    kind: z.literal('version_staged'),
    version: versionNumber,
    packet: digest.nullable(),
    /** One person approved alone: somebody else has to review it. */
    break_glass: z.literal(true).optional(),
  }),
  /** The review of an approval that broke glass. */
  z.strictObject({ kind: z.literal('approval_reviewed'), version: versionNumber }),
  z.strictObject({ kind: z.literal('version_rejected'), version: versionNumber, reason: z.string() }),
  z.strictObject({ kind: z.literal('version_archived'), version: versionNumber }),
  z.strictObject({
    kind: z.literal('rollout_prepared'),
    version: versionNumber,
    /** It scores what the champion answers, until it gets a share. */
    shadow: z.literal(true).optional(),
  }),
  z.strictObject({ kind: z.literal('rollout_step'), version: versionNumber, share: z.number() }),
  z.strictObject({
    kind: z.literal('promoted'),
    version: versionNumber,
    from: versionNumber.nullable(),
    as: z.enum(['first', 'better', 'non_inferior']),
  }),
  z.strictObject({
    kind: z.literal('rollout_undone'),
    version: versionNumber,
    restored: versionNumber.nullable(),
    reason: z.string(),
  }),
  z.strictObject({
    kind: z.literal('rolled_back'),
    from: versionNumber,
    to: versionNumber,
    reason: z.string(),
    automatic: z.boolean(),
  }),
  /** A deployment target did not go back to a version (null: to none); `command` does it by hand. */
  z.strictObject({ kind: z.literal('return_failed'), to: versionNumber.nullable(), command: z.string() }),
  z.strictObject({ kind: z.literal('confirmed'), version: versionNumber }),
  /** A version scores no longer beside the champion, because probation is over. */
  z.strictObject({ kind: z.literal('shadow_ended'), version: versionNumber }),
  z.strictObject({ kind: z.literal('frozen'), reason: z.string() }),
  z.strictObject({ kind: z.literal('unfrozen'), reason: z.string() }),
  /** `subject` is a keyed hash: a ledger is never rewritten, so it may not hold what has to go. */
  z.strictObject({ kind: z.literal('subject_erased'), subject: z.string(), rows: z.number().int().nonnegative() }),
  z.strictObject({
    kind: z.literal('rows_readmitted'),
    /** The run that had set them aside. */
    run: z.string(),
    how: z.enum(['rule_changed', 'vouched']),
    rows: z.number().int().positive(),
    readmission: digest,
  }),
  z.strictObject({ kind: z.literal('vouch_withdrawn'), readmission: digest }),
  z.strictObject({ kind: z.literal('break_confirmed'), ...confirmedBreak.shape }),
  z.strictObject({ kind: z.literal('break_withdrawn'), at: instant, reason: z.string() }),
  /** The reconciler put something right that stands outside of this ledger, or had nodes take routing up anew. */
  z.strictObject({
    kind: z.literal('repaired'),
    what: z.enum(['run', 'owner', 'probation', 'nodes', 'schedule', 'trainer', 'monitoring']),
    subject: z.string(),
  }),
]);
export type Change = z.output<typeof change>;

export const ledgerEntry = z.strictObject({
  seq: z.number().int().positive(),
  /** SHA-256 of the previous entry's bytes; null in the first. */
  prev: digest.nullable(),
  effectId: z.string().min(1),
  /** Wall-clock time of the write, for people; decisions use `as_of`. */
  at: instant,
  as_of: instant,
  actor: z.string().min(1),
  trust: z.enum(['principal', 'signed', 'asserted', 'system']),
  why: z.string(),
  change,
  state: ledgerState,
});
export type LedgerEntry = z.output<typeof ledgerEntry>;

export type VersionStatus = 'dev' | 'staging' | 'production' | 'rejected' | 'archived';

export const storedFile = z.strictObject({ name: z.string(), sha256: digest, bytes: z.number().int().nonnegative() });
export type StoredFile = z.output<typeof storedFile>;

const window = z.strictObject({ from: instant, to: instant });

/** Where training, choice and judgement happened in event time; all windows are half-open `[from, to)`. */
export const geometry = z.strictObject({
  as_of: instant,
  /** Rows whose event is not older than this at `as_of` enter nothing. */
  mature_before: instant,
  train: window,
  validation: window,
  holdout: window,
  /** Milliseconds left out between the parts. */
  gap_ms: z.number().nonnegative(),
  /** The end of the latest event time used to fit, stop, calibrate or choose: later rows are clean. */
  fit_end: instant,
});
export type Geometry = z.output<typeof geometry>;

/** The model's inputs and outputs; `num` is one float32 matrix, each category one string tensor `[N, 1]`. */
export const signature = z.strictObject({
  contract: z.literal(1),
  task: z.enum(['binary', 'multiclass', 'regression']),
  /** Order of the columns of the input tensor `num`; null is NaN. */
  numeric: z.array(z.string()),
  /** One string tensor of shape `[N, 1]` each, named `cat_<i>` by position; null and unseen are ''. */
  categorical: z.array(z.string()),
  /** Name of the output tensor, `[N, 1]` (binary: probability of the positive class; regression: value) or `[N, K]`. */
  output: z.string(),
  classes: z.array(z.union([z.string(), z.number()])).nullable(),
});
export type Signature = z.output<typeof signature>;

/** Feature values as the model sees them, after feature SQL, in signature order; null where missing. */
export const goldenRow = z.strictObject({
  numeric: z.array(z.number().nullable()),
  categorical: z.array(z.string().nullable()),
  prediction: z.array(z.number()),
});
export type GoldenRow = z.output<typeof goldenRow>;

export const versionManifest = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  version: versionNumber,
  /** Null for an imported version. */
  run: z.string().nullable(),
  trigger: z.string(),
  as_of: instant,
  registered_at: instant,
  /** Begun at this stage on the results of an earlier run; left out for one that did everything itself. */
  retry_of: z.strictObject({ run: z.string(), from: z.string() }).optional(),
  code: z.strictObject({ commit: z.string(), dirty: z.boolean() }),
  config: digest,
  data: z.strictObject({ raw: digest, features: digest, definition: digest }).nullable(),
  params: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  seed: z.number().int().nonnegative(),
  trainer: z.strictObject({ name: z.string(), digest: digest.nullable() }),
  environment: z.record(z.string(), z.string()),
  geometry: geometry.nullable(),
  /** End of the latest event time this artefact was fitted on: `geometry.fit_end`, or for a refit `mature_before`. */
  fit_end: instant.nullable(),
  refit: z.enum(['judged', 'full']),
  /** For a full refit: the version that was judged. */
  twin: versionNumber.nullable(),
  /** The trainer's own figures on the validation rows. */
  metrics: z.record(z.string(), z.number()),
  /** Share of the whole by feature, from the trainer; left out where it says none. */
  importance: z.record(z.string(), z.number()).optional(),
  /** The trials that its parameters were chosen among; left out where nothing was searched. */
  search: modelSearch.optional(),
  files: z.array(storedFile),
  signature,
  golden: z.array(goldenRow),
  /** SHA-256 of the stored reference profile; null for an imported version. */
  reference_profile: digest.nullable(),
  /** Champion when this version was registered. */
  champion: versionNumber.nullable(),
});
export type VersionManifest = z.output<typeof versionManifest>;
