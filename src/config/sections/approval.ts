/** Section `approval` of a model file: who decides, and when nobody has to. */
import { z } from 'zod';
import { duration, slug } from '../values.ts';
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
    deadline: duration,
    on_expiry: z.enum(['reject']),
    exclude_starter: z.boolean(),
  }),
});
