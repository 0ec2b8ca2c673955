/** Section `approval` of a model file: who decides, and when nobody has to. */
import { z } from 'zod';
import { duration, share, slug } from '../values.ts';
import { triggerKind } from './triggers.ts';

export const approval = z.strictObject({
  auto: z
    .union([
      z.literal('never'),
      z.strictObject({
        triggers: z.array(triggerKind).min(1).describe('Kinds of triggers after which nobody has to decide.'),
        warnings: z.literal('none'),
      }),
    ])
    .describe('`never`, or: gate passed, the trigger is one of these, and no rule warned.'),
  otherwise: z
    .strictObject({
      approvers: z.number().int().positive().describe('How many people must approve.'),
      from: z.array(slug).min(1).describe('Groups of hone.yaml whose people may decide.'),
      each_group: z
        .number()
        .int()
        .nonnegative()
        .describe(
          'Of the approvers, how many must speak for each group of `from`; a person speaks for one group only.',
        ),
      deadline: duration.describe('How long a run waits for decisions.'),
      on_expiry: z.enum(['reject']).describe('What happens when nobody decided in time.'),
      exclude_starter: z.boolean().describe('Whoever started the run may not approve it.'),
      exclude_editor: z
        .boolean()
        .describe('Whoever applied the configuration that is in force may not approve under it.'),
      identity: z
        .enum(['asserted', 'signed'])
        .describe(
          '`asserted`: names are taken as given. `signed`: a decision carries a signature by a key of `people`.',
        ),
      remind: z.array(share).max(10).describe('Shares of the deadline after which people are reminded.'),
      escalate: z
        .union([
          z.literal('never'),
          z.strictObject({
            after: duration.describe('Time since the run began to wait.'),
            to: z.array(slug).min(1).describe('Groups whose people may decide from then on.'),
          }),
        ])
        .describe('From `after` on the people of these groups may decide as well.'),
    })
    .describe('Who decides where a person has to.'),
  break_glass: z
    .union([
      z.literal('never'),
      z.strictObject({ from: z.array(slug).min(1).describe('Groups whose people may break the glass.') }),
    ])
    .describe(
      'One of these people may approve alone, with a reason; the review that this makes a duty is by somebody else.',
    ),
});
