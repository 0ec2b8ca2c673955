/** `web` of `config/hone.yaml`: where the pages listen and who may sign in. */
import { z } from 'zod';
import { holderName, tokenHolder } from './tokens.ts';

/** Each may do what those before it may. */
export const webRole = z.enum(['viewer', 'operator', 'approver', 'admin']);
export type WebRole = z.output<typeof webRole>;

const webUser = tokenHolder(webRole);

export const webConfig = z.strictObject({
  host: z.string().min(1).describe('Address to listen on.'),
  port: z.number().int().min(0).max(65_535).describe('Port; 0: any.'),
  user: holderName
    .optional()
    .describe("Local profile: who the person at this machine is; the account's name where it is left out."),
  hosts: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'Names under which browsers reach the pages, with the port where it is not the usual one; loopback names always count in the local profile.',
    ),
  proxies: z
    .array(z.string().min(1))
    .optional()
    .describe("Addresses of reverse proxies whose `X-Forwarded-For` is believed; nobody's where it is left out."),
  users: z.record(holderName, webUser).optional().describe('Production profile: who may sign in.'),
});
export type WebConfig = z.output<typeof webConfig>;
