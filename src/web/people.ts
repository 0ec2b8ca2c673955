/** Who is in front of the pages, and what they may do with which model. */
import { userInfo } from 'node:os';
import type { HoneConfig } from '../config/hone.ts';
import { type WebRole, webRole } from '../config/web.ts';
import { type Holder, LOOPBACK, openTokens, roleMissing } from '../identity/tokens.ts';
import { PagesNotSafe } from './errors.ts';

export { roleFor } from '../identity/tokens.ts';

export type Person = Holder<WebRole>;

export interface People {
  /** Everybody on this machine is this person; null where people sign in. */
  readonly local: Person | null;
  /** The owner of a token; undefined for a wrong one. */
  byToken(token: string): Person | undefined;
}

/** @throws PagesNotSafe */
export function openPeople({ profile, web }: HoneConfig, env: NodeJS.ProcessEnv): People {
  if (profile === 'local') {
    if (!LOOPBACK.has(web?.host ?? ''))
      throw new PagesNotSafe(
        `the local profile signs nobody in, and web.host ${web?.host} can be reached by others`,
        'Set web.host to 127.0.0.1, or profile to production with web.users.',
      );
    const local = { name: web?.user ?? userInfo().username, roles: { '*': 'admin' } } as const;
    return { local, byToken: () => undefined };
  }
  const tokens = openTokens<WebRole>(web?.users ?? {}, env, (problem, cure) => new PagesNotSafe(problem, cure));
  if (tokens.size === 0)
    throw new PagesNotSafe(
      'nobody could sign in, because web.users of config/hone.yaml is empty',
      'Make a token with `hone web token` and name its user there.',
    );
  return { local: null, byToken: tokens.holderOf };
}

/** Why this person may not do what needs `role`; null where they may. */
export function missingRole(person: Person, model: string, role: WebRole): string | null {
  return roleMissing(webRole.options, person, model, role);
}
