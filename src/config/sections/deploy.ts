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
  url_env: environmentName.describe('Environment variable with the address that takes `deploy` and `rollback`.'),
  status_url_env: environmentName
    .nullable()
    .describe('With the address that answers `status` and `capabilities` at once; null: the same address.'),
  key_env: environmentName.describe('With the secret of both directions: `whsec_` and 24 to 64 bytes as base64.'),
  callback_url_env: environmentName.describe(
    "With the address of hone's prediction server as the pipeline reaches it.",
  ),
  github: z
    .strictObject({
      ref: z.string().min(1).describe('Branch or tag whose workflow is dispatched.'),
      token_env: environmentName.describe('Environment variable with a token that may dispatch it.'),
    })
    .nullable()
    .describe("The address is GitHub's `…/actions/workflows/<file>/dispatches`; null: it takes hone's own calls."),
});

/** A program of the user: one call as JSON on standard input, one answer as JSON on standard output, never by a shell. */
const commandTarget = z.strictObject({
  kind: z.literal('command'),
  program: z
    .array(z.string().min(1))
    .min(1)
    .describe('Program and arguments, each by itself; relative paths start at the workspace.'),
  timeout: duration.describe('How long one call may take.'),
  environment: z
    .array(environmentName)
    .describe('Environment variables that the program may see, beside PATH, HOME, LANG, TMPDIR and TZ.'),
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
  target: deployTarget.describe('What a version is deployed to.'),
  pipeline: z
    .strictObject({
      answer_within: duration.describe('Until a pipeline that has taken a call must have answered it.'),
      settle_within: duration.describe('Until `status` must show what was asked for, once it was answered.'),
      look_every: duration.describe('Between two looks at `status` during a step.'),
    })
    .describe("How long a target other than hone's own server is waited for."),
  shadow: z
    .union([
      z.literal('off'),
      z.strictObject({
        bake: duration.describe('How long the candidate is scored beside the champion at least.'),
        min_requests: z
          .number()
          .int()
          .nonnegative()
          .describe('Requests that it must have scored before the first step of the canary.'),
        max_wait: duration.describe('How long they are waited for before a person is asked.'),
      }),
    ])
    .describe('Before the canary: the candidate scores what the champion answers, and answers nobody; off: none.'),
  canary: z
    .strictObject({
      steps: z
        .array(z.number().int().min(1).max(100))
        .min(1)
        .describe('Shares of entities in percent, rising, the last one 100.'),
      bake: duration.describe('How long each step is watched at least.'),
      min_requests: z
        .number()
        .int()
        .nonnegative()
        .describe('Requests of the canary that a step needs before it may go on.'),
      max_wait: duration.describe('How long a step waits for them before a person is asked.'),
      latency_ratio: z.number().positive().describe("The canary may take this many times the champion's time."),
      error_share: share.describe('Share of its requests in which the canary may fail.'),
    })
    .describe('How a version takes over traffic, step by step.'),
  probation: z
    .strictObject({
      until_labels_mature_for: duration.describe('Days of matured labels after which probation ends.'),
      on_worse: z
        .enum(['propose_rollback', 'roll_back'])
        .describe('What happens when it is worse than its predecessor.'),
      shadow: z
        .boolean()
        .describe('The predecessor goes on scoring what the champion answers: roll_back rests on these scores alone.'),
    })
    .describe('How a new champion is judged by labels that arrive after its promotion.'),
  batch: z
    .strictObject({
      cron: z.string().min(1).describe('When, as five fields.'),
      timezone: z.string().min(1).describe('Time zone of the IANA list.'),
      source: source.nullable().describe('Rows to be scored; null: those of `data.source`.'),
      lookback: duration.describe('Event times from `lookback` before the time of the run to `horizon` after it.'),
      horizon: duration.describe('How far after the time of the run event times may lie.'),
      log: z
        .boolean()
        .optional()
        .describe('false: its predictions stay out of the prediction log. Left out: they enter it, and are monitored.'),
    })
    .nullable()
    .describe('The champion over a window of rows, on a calendar; null: only when somebody asks for it.'),
});
