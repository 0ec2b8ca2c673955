/** Who is in front of the pages, and what they may do with which model. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { userInfo } from 'node:os';
import type { HoneConfig } from '../config/hone.ts';
import { type WebRole, webRole } from '../config/web.ts';
import { PagesNotSafe } from './errors.ts';

export interface Person {
  readonly name: string;
  /** Role by model, `*` for the others. */
  readonly roles: Readonly<Record<string, WebRole>>;
}

export interface People {
  /** Everybody on this machine is this person; null where people sign in. */
  readonly local: Person | null;
  /** The owner of a token; undefined for a wrong one. */
  byToken(token: string): Person | undefined;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

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
  const known = Object.entries(web?.users ?? {}).map(([name, user]) => {
    const hash = user.token_sha256 ?? env[user.token_sha256_env ?? ''] ?? '';
    if (!/^[0-9a-f]{64}$/.test(hash))
      throw new PagesNotSafe(
        `${user.token_sha256_env} holds no SHA-256 for ${name}`,
        'Set it to the 64 hexadecimal digits that `hone web token` prints.',
      );
    return { hash: Buffer.from(hash, 'hex'), person: { name, roles: user.roles } };
  });
  if (known.length === 0)
    throw new PagesNotSafe(
      'nobody could sign in, because web.users of config/hone.yaml is empty',
      'Make a token with `hone web token` and name its user there.',
    );
  return {
    local: null,
    byToken(token) {
      const hash = createHash('sha256').update(token).digest();
      // Every hash is compared, so that the time says nothing about which one fits.
      return known.filter((one) => timingSafeEqual(one.hash, hash))[0]?.person;
    },
  };
}

/** The role for a model; undefined where the model does not exist for this person. */
export function roleFor({ roles }: Person, model: string): WebRole | undefined {
  return Object.hasOwn(roles, model) ? roles[model] : roles['*'];
}

/** Why this person may not do what needs `role`; null where they may. */
export function missingRole(person: Person, model: string, role: WebRole): string | null {
  const has = roleFor(person, model);
  const order = webRole.options;
  if (has !== undefined && order.indexOf(has) >= order.indexOf(role)) return null;
  return `${person.name} is ${has ?? 'nobody'} for ${model}; this needs the role ${role}`;
}
