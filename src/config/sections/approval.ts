/** Section `approval` of a model file: who decides, and when nobody has to. */
import { z } from 'zod';
import { duration, share, slug } from '../values.ts';
import { triggerKind } from './triggers.ts';

export const approval = z.strictObject({
  /** `never`, or: gate passed, the trigger is one of these, and no rule warned. */
  auto: z.union([
    z.literal('never'),
    z.strictObject({ triggers: z.array(triggerKind).min(1), warnings: z.literal('none') }),
  ]),
  otherwise: z.strictObject({
    approvers: z.number().int().positive(),
    from: z.array(slug).min(1),
    /** Of the approvers, how many must speak for each group of `from`; a person speaks for one group only. */
    each_group: z.number().int().nonnegative(),
    deadline: duration,
    on_expiry: z.enum(['reject']),
    exclude_starter: z.boolean(),
    /** Whoever applied the configuration that is in force may not approve under it. */
    exclude_editor: z.boolean(),
    /** `asserted`: names are taken as given. `signed`: a decision carries a signature by a key of `people`. */
    identity: z.enum(['asserted', 'signed']),
    /** Shares of the deadline after which people are reminded. */
    remind: z.array(share).max(10),
    /** From `after` on the people of these groups may decide as well. */
    escalate: z.union([z.literal('never'), z.strictObject({ after: duration, to: z.array(slug).min(1) })]),
  }),
  /** One of these people may approve alone, with a reason; the review that this makes a duty is by somebody else. */
  break_glass: z.union([z.literal('never'), z.strictObject({ from: z.array(slug).min(1) })]),
});
