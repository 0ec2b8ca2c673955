/** How far the ways to people have come: what does not get through, and what was given up. */

import type { NotifyRoute } from '../../config/notify.ts';
import { deadPrefix, routeCursor, routeKey } from '../../notifications/contract.ts';
import { findDocument } from '../../store/content.ts';
import type { Sources } from '../sources.ts';

const AT_ONCE = 16;

export interface RouteState {
  readonly name: string;
  readonly type: NotifyRoute['type'];
  /** What it takes, in words. */
  readonly takes: string;
  /** Models whose notices do not get through now, with the oldest failure. */
  readonly failing: readonly string[];
  readonly since: string | null;
  readonly error: string | null;
  /** Notices of these models that were given up after a day. */
  readonly dead: number;
}

/** @param models whose notices the reader may know of */
export async function routesState({ workspace, store }: Sources, models: readonly string[]): Promise<RouteState[]> {
  const routes = Object.entries(workspace.hone.notify?.routes ?? {});
  const found: RouteState[] = [];
  for (const [name, route] of routes) {
    const cursors: { model: string; failing: { since: string; error: string } | null }[] = [];
    for (let i = 0; i < models.length; i += AT_ONCE)
      cursors.push(
        ...(await Promise.all(
          models.slice(i, i + AT_ONCE).map(async (model) => {
            const cursor = await findDocument(store, routeKey(name, model), routeCursor);
            return { model, failing: cursor?.failing ?? null };
          }),
        )),
      );
    const stuck = cursors.flatMap(({ model, failing }) => (failing === null ? [] : [{ model, ...failing }]));
    const [oldest] = stuck.toSorted((a, b) => a.since.localeCompare(b.since));
    let dead = 0;
    for await (const key of store.list(deadPrefix(name)))
      if (models.some((model) => key.startsWith(`${deadPrefix(name)}${model}/`))) dead += 1;
    const takes = [
      route.at_least === undefined ? 'every severity' : `${route.at_least} or worse`,
      route.models === undefined ? 'all models' : route.models.join(', '),
      ...(route.types === undefined ? [] : [route.types.join(', ')]),
    ].join('; ');
    found.push({
      ...{ name, type: route.type, takes, failing: stuck.map(({ model }) => model), dead },
      ...{ since: oldest?.since ?? null, error: oldest?.error ?? null },
    });
  }
  return found;
}
