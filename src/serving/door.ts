/** Who may ask this node: holders of a token by role, or whoever is on this machine in the local profile. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HoneConfig } from '../config/hone.ts';
import { type ServingRole, servingRole } from '../config/tokens.ts';
import { LOOPBACK, openTokens, roleMissing, type TokenBook } from '../identity/tokens.ts';
import { AccessRefused, ServingNotSafe } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * `open`: anybody, such as probes. `signed`: the body carries its own proof. A role: for the model of the address, or
     * for all models where it names none. Left out, it is the highest.
     */
    access?: ServingRole | 'open' | 'signed';
  }
}

export type Door = Pick<TokenBook<ServingRole>, 'holderOf'>;

/**
 * @returns undefined where nobody needs a token: the local profile on a loopback address, with none configured
 * @throws ServingNotSafe before anything listens
 */
export function openDoor(
  { profile, serving }: Pick<HoneConfig, 'profile' | 'serving'>,
  env: NodeJS.ProcessEnv,
): Door | undefined {
  const tokens = openTokens<ServingRole>(
    serving.tokens ?? {},
    env,
    (problem, cure) => new ServingNotSafe(problem, cure),
  );
  if (tokens.size > 0) return tokens;
  const cure =
    'Make a token with `hone web token` and name its holder under serving.tokens of config/hone.yaml, with roles such as {"*": caller}.';
  if (profile !== 'local') throw new ServingNotSafe('the production profile serves holders of a token only', cure);
  if (!LOOPBACK.has(serving.host))
    throw new ServingNotSafe(
      `without tokens it would answer everybody who reaches serving.host ${serving.host}`,
      `${cure} Or set serving.host to 127.0.0.1.`,
    );
  return undefined;
}

/** Looks at the token before the body is read. */
export function guardRoutes(app: FastifyInstance, door: Door | undefined): void {
  if (door === undefined) return;
  app.addHook('onRequest', async (request) => {
    const { config, url } = request.routeOptions;
    if (url === undefined) return; // there is nothing to guard
    const needed = config.access ?? 'operator';
    if (needed !== 'open' && needed !== 'signed') checkAccess(door, request, needed);
  });
}

/** @throws AccessRefused */
function checkAccess(door: Door, request: FastifyRequest, needed: ServingRole): void {
  const [, token] = /^Bearer ([^\s]{1,500})$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw new AccessRefused(401, 'it carries no token');
  const holder = door.holderOf(token);
  if (holder === undefined) throw new AccessRefused(401, 'its token is not known here');
  const { model } = request.params as { model?: string };
  const missing = roleMissing(servingRole.options, holder, model?.slice(0, 80) ?? '*', needed);
  if (missing !== null) throw new AccessRefused(403, missing);
}
