/** `web` of `config/hone.yaml`: where the pages listen and who may sign in. */
import { z } from 'zod';
import { slug } from './values.ts';

/** Each may do what those before it may. */
export const webRole = z.enum(['viewer', 'operator', 'approver', 'admin']);
export type WebRole = z.output<typeof webRole>;

const person = z.string().min(1).max(120);
const token = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'write the SHA-256 of the token, 64 hexadecimal digits; `hone web token` prints one');

const webUser = z
  .strictObject({
    token_sha256: token.optional(),
    /** Name of the environment variable that holds the SHA-256 instead. */
    token_sha256_env: z.string().min(1).optional(),
    /** Role by model; `*` stands for all that are not named. */
    roles: z.record(z.union([z.literal('*'), slug]), webRole),
  })
  .refine(
    (user) => (user.token_sha256 === undefined) !== (user.token_sha256_env === undefined),
    'give either token_sha256 or token_sha256_env',
  );

export const webConfig = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(0).max(65_535),
  /** Local profile: who the person at this machine is; the account's name where it is left out. */
  user: person.optional(),
  /** Names under which browsers reach the pages, with the port where it is not the usual one; loopback names always count in the local profile. */
  hosts: z.array(z.string().min(1)).optional(),
  /** Addresses of reverse proxies whose `X-Forwarded-For` is believed; nobody's where it is left out. */
  proxies: z.array(z.string().min(1)).optional(),
  /** Production profile: who may sign in. */
  users: z.record(person, webUser).optional(),
});
export type WebConfig = z.output<typeof webConfig>;
