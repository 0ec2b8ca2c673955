/** `notify` of `config/hone.yaml`: who is told of what, and how. Secrets stand in environment variables. */
import { z } from 'zod';
import { slug } from './values.ts';

const environment = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'write the name of an environment variable, such as HONE_SLACK_URL');

export const noticeSeverity = z.enum(['info', 'warn', 'page']);
export type NoticeSeverity = z.output<typeof noticeSeverity>;

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a time of day such as 08:00');
const days = z.enum(['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN']);

const chosen = {
  /** Left out: all models. */
  models: z.array(slug).min(1).optional(),
  /** Types or their first parts, such as `approval` or `approval.requested`; left out: all. */
  types: z
    .array(z.string().regex(/^[a-z]+(\.[a-z_]+)?$/))
    .min(1)
    .optional(),
  at_least: noticeSeverity.optional(),
  /** Outside these hours everything but pages waits. */
  hours: z.strictObject({ timezone: z.string().min(1), days: z.array(days).min(1), from: clock, to: clock }).optional(),
};

export const notifyRoute = z.discriminatedUnion('type', [
  /** Slack, Mattermost and others that take Slack's messages; `url_env` names the variable with the webhook's address. */
  z.strictObject({ type: z.literal('slack'), url_env: environment, ...chosen }),
  /** `smtp_env` names the variable with `smtps://user:password@host:port`. */
  z.strictObject({
    type: z.literal('mail'),
    smtp_env: environment,
    from: z.email(),
    to: z.array(z.email()).min(1),
    ...chosen,
  }),
  /** Events for programs, signed as Standard Webhooks says; in order for each model. */
  z.strictObject({ type: z.literal('cloudevents'), url_env: environment, key_env: environment, ...chosen }),
]);
export type NotifyRoute = z.output<typeof notifyRoute>;

export const notifyConfig = z.strictObject({
  routes: z.record(slug, notifyRoute),
  /** Address of the pages as readers reach them, for links; Temporal's pages are linked by `temporal.ui`. */
  pages: z.url().optional(),
  /** Address of the folder `docs/runbooks` as readers reach it; left out: notices name the page by its path. */
  runbooks: z.url().optional(),
});
export type NotifyConfig = z.output<typeof notifyConfig>;
