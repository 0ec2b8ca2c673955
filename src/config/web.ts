/** `web` of `config/hone.yaml`: where the pages listen and who may sign in. */
import { z } from 'zod';
import { holderName, tokenHolder } from './tokens.ts';

/** Each may do what those before it may. */
export const webRole = z.enum(['viewer', 'operator', 'approver', 'admin']);
export type WebRole = z.output<typeof webRole>;

const webUser = tokenHolder(webRole);

export const webConfig = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(0).max(65_535),
  /** Local profile: who the person at this machine is; the account's name where it is left out. */
  user: holderName.optional(),
  /** Names under which browsers reach the pages, with the port where it is not the usual one; loopback names always count in the local profile. */
  hosts: z.array(z.string().min(1)).optional(),
  /** Addresses of reverse proxies whose `X-Forwarded-For` is believed; nobody's where it is left out. */
  proxies: z.array(z.string().min(1)).optional(),
  /** Production profile: who may sign in. */
  users: z.record(holderName, webUser).optional(),
});
export type WebConfig = z.output<typeof webConfig>;
