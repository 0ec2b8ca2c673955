/** Section `deploy` of a model file: where a version goes and by which steps. */
import { z } from 'zod';
import { duration, share } from '../values.ts';
import { source } from './sources.ts';

const environmentName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'write the name of an environment variable, such as HONE_DEPLOY_URL');

/** A pipeline of the user: hone posts a signed call, the pipeline answers by a signed callback. */
const webhookTarget = z.strictObject({
  kind: z.literal('webhook'),
  /** Environment variable with the address that takes `deploy` and `rollback`. */
  url_env: environmentName,
  /** With the address that answers `status` and `capabilities` at once; null: the same address. */
  status_url_env: environmentName.nullable(),
  /** With the secret of both directions: `whsec_` and 24 to 64 bytes as base64. */
  key_env: environmentName,
  /** With the address of hone's prediction server as the pipeline reaches it. */
  callback_url_env: environmentName,
  /** The address is GitHub's `…/actions/workflows/<file>/dispatches`; null: it takes hone's own calls. */
  github: z.strictObject({ ref: z.string().min(1), token_env: environmentName }).nullable(),
});

/** A program of the user: one call as JSON on standard input, one answer as JSON on standard output, never by a shell. */
const commandTarget = z.strictObject({
  kind: z.literal('command'),
  /** Program and arguments, each by itself; relative paths start at the workspace. */
  program: z.array(z.string().min(1)).min(1),
  timeout: duration,
  /** Environment variables that the program may see, beside PATH, HOME, LANG, TMPDIR and TZ. */
  environment: z.array(environmentName),
});

export const deployTarget = z.union([
  /** The same as `{kind: server}`. */
  z.literal('built-in'),
  z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('server') }), webhookTarget, commandTarget]),
]);
export type DeployTarget = z.output<typeof deployTarget>;
export type WebhookTarget = z.output<typeof webhookTarget>;
export type CommandTarget = z.output<typeof commandTarget>;

export const deploy = z.strictObject({
  target: deployTarget,
  /** How long a target other than hone's own server is waited for. */
  pipeline: z.strictObject({
    /** Until a pipeline that has taken a call must have answered it. */
    answer_within: duration,
    /** Until `status` must show what was asked for, once it was answered. */
    settle_within: duration,
    /** Between two looks at `status` during a step. */
    look_every: duration,
  }),
  canary: z.strictObject({
    steps: z.array(z.number().int().min(1).max(100)).min(1),
    bake: duration,
    min_requests: z.number().int().nonnegative(),
    max_wait: duration,
    latency_ratio: z.number().positive(),
    error_share: share,
  }),
  probation: z.strictObject({
    until_labels_mature_for: duration,
    on_worse: z.enum(['propose_rollback', 'roll_back']),
  }),
  /** The champion over a window of rows, on a calendar; null: only when somebody asks for it. */
  batch: z
    .strictObject({
      cron: z.string().min(1),
      timezone: z.string().min(1),
      /** Rows to be scored; null: those of `data.source`. */
      source: source.nullable(),
      /** Event times from `lookback` before the time of the run to `horizon` after it. */
      lookback: duration,
      horizon: duration,
    })
    .nullable(),
});
