/** How a configuration names the holder of a token: by the token's SHA-256, never the token, with a role by model. */
import { z } from 'zod';
import { slug } from './values.ts';

export const holderName = z.string().min(1).max(120);

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'write the SHA-256 of the token, 64 hexadecimal digits; `hone web token` prints one');

/** @param role names of roles, the least first: each may do what those before it may */
export const tokenHolder = <R extends z.ZodType<string>>(role: R) =>
  z
    .strictObject({
      token_sha256: sha256.optional().describe('SHA-256 of the token; `hone web token` prints both.'),
      token_sha256_env: z
        .string()
        .min(1)
        .optional()
        .describe('Name of the environment variable that holds the SHA-256 instead.'),
      roles: z
        .record(z.union([z.literal('*'), slug]), role)
        .describe('Role by model; `*` stands for all that are not named.'),
    })
    .refine(
      (user) => (user.token_sha256 === undefined) !== (user.token_sha256_env === undefined),
      'give either token_sha256 or token_sha256_env',
    );

/** What a program may ask a prediction server: predictions and records; beyond them the node's state, metrics and drills. */
export const servingRole = z.enum(['caller', 'operator']);
export type ServingRole = z.output<typeof servingRole>;
