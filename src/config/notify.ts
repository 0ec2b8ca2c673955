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
  models: z.array(slug).min(1).optional().describe('Left out: all models.'),
  types: z
    .array(z.string().regex(/^[a-z]+(\.[a-z_]+)?$/))
    .min(1)
    .optional()
    .describe('Types or their first parts, such as `approval` or `approval.requested`; left out: all.'),
  at_least: noticeSeverity.optional().describe('Least severity that is sent.'),
  hours: z
    .strictObject({
      timezone: z.string().min(1).describe('Time zone of the IANA list.'),
      days: z.array(days).min(1).describe('Days of the week.'),
      from: clock.describe('First minute.'),
      to: clock.describe('Last minute.'),
    })
    .optional()
    .describe('Outside these hours everything but pages waits.'),
};

/** For routes that people read. */
const digest = z
  .strictObject({
    timezone: z.string().min(1).describe('Time zone of the IANA list.'),
    at: clock.describe('When the summary goes out.'),
  })
  .optional()
  .describe('One summary a day and model instead of a message each; pages go out at once.');

export const notifyRoute = z.discriminatedUnion('type', [
  /** Slack, Mattermost and others that take Slack's messages; `url_env` names the variable with the webhook's address. */
  z.strictObject({
    type: z.literal('slack'),
    url_env: environment.describe('Environment variable with the address.'),
    digest,
    ...chosen,
  }),
  /** `smtp_env` names the variable with `smtps://user:password@host:port`. */
  z.strictObject({
    type: z.literal('mail'),
    smtp_env: environment.describe('Environment variable with `smtps://user:password@host:port`.'),
    from: z.email().describe('Sender.'),
    to: z.array(z.email()).min(1).describe('Receivers.'),
    digest,
    ...chosen,
  }),
  /** Events for programs, signed as Standard Webhooks says; in order for each model. */
  z.strictObject({
    type: z.literal('cloudevents'),
    url_env: environment.describe('Environment variable with the address.'),
    key_env: environment.describe('Environment variable with the key that signs.'),
    ...chosen,
  }),
  /** PagerDuty's Events API v2: what wakes somebody, and its end. */
  z.strictObject({
    type: z.literal('pagerduty'),
    key_env: environment.describe('Environment variable with the integration key of the service.'),
    url: z.url().optional().describe('Where events go; left out: `https://events.pagerduty.com/v2/enqueue`.'),
    ...chosen,
  }),
]);
export type NotifyRoute = z.output<typeof notifyRoute>;

export const notifyConfig = z.strictObject({
  routes: z.record(slug, notifyRoute).describe('Ways to people and programs, by name.'),
  pages: z
    .url()
    .optional()
    .describe("Address of the pages as readers reach them, for links; Temporal's pages are linked by `temporal.ui`."),
  runbooks: z
    .url()
    .optional()
    .describe(
      'Address of the folder `docs/runbooks` as readers reach it; left out: notices name the page by its path.',
    ),
});
export type NotifyConfig = z.output<typeof notifyConfig>;
