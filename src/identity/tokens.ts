/** Whose a bearer token is, and what the holder's role allows for a model. Knows hashes only. */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Holder<Role extends string> {
  readonly name: string;
  /** Role by model, `*` for the others. */
  readonly roles: Readonly<Record<string, Role>>;
}

/** A holder as the configuration names them. */
export interface NamedHolder<Role extends string> {
  readonly token_sha256?: string | undefined;
  readonly token_sha256_env?: string | undefined;
  readonly roles: Readonly<Record<string, Role>>;
}

export interface TokenBook<Role extends string> {
  readonly size: number;
  /** Undefined for a wrong token. */
  holderOf(token: string): Holder<Role> | undefined;
}

/** Addresses that only this machine reaches. */
export const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** @param refuse makes the error for an environment variable without a hash: what is wrong, and the cure */
export function openTokens<Role extends string>(
  holders: Readonly<Record<string, NamedHolder<Role>>>,
  env: NodeJS.ProcessEnv,
  refuse: (problem: string, cure: string) => Error,
): TokenBook<Role> {
  const known = Object.entries(holders).map(([name, named]) => {
    const hash = named.token_sha256 ?? env[named.token_sha256_env ?? ''] ?? '';
    if (!/^[0-9a-f]{64}$/.test(hash))
      throw refuse(
        `${named.token_sha256_env} holds no SHA-256 for ${name}`,
        'Set it to the 64 hexadecimal digits that `hone web token` prints.',
      );
    return { hash: Buffer.from(hash, 'hex'), holder: { name, roles: named.roles } };
  });
  return {
    size: known.length,
    holderOf(token) {
      const hash = createHash('sha256').update(token).digest();
      // Every hash is compared, so that the time says nothing about which one fits.
      return known.filter((one) => timingSafeEqual(one.hash, hash))[0]?.holder;
    },
  };
}

/** The role for a model; undefined where the model does not exist for this holder. */
export function roleFor<Role extends string>({ roles }: Holder<Role>, model: string): Role | undefined {
  return Object.hasOwn(roles, model) ? roles[model] : roles['*'];
}

/** Why this holder may not do what needs `role`; null where they may. @param order the least role first */
export function roleMissing<Role extends string>(
  order: readonly Role[],
  holder: Holder<Role>,
  model: string,
  role: Role,
): string | null {
  const has = roleFor(holder, model);
  if (has !== undefined && order.indexOf(has) >= order.indexOf(role)) return null;
  return `${holder.name} is ${has ?? 'nobody'} for ${model}; this needs the role ${role}`;
}
