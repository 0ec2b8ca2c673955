/** Which arm answers an entity: a pure function of names and shares, so every node and every replay agrees. */
import { createHash } from 'node:crypto';
import type { LedgerState } from '../registry/contract.ts';

export interface CanaryArm {
  readonly version: number;
  /** Percent of entities. */
  readonly share: number;
  /** Key of the lease that keeps the arm alive. */
  readonly lease: string;
}

/** What a node needs of the ledger's state to route and load. */
export interface RouteTable {
  readonly model: string;
  readonly generation: number;
  readonly champion: number | null;
  readonly canaries: readonly CanaryArm[];
  readonly shadow: number | null;
  /** Every version to have in memory, champion first. */
  readonly load: readonly number[];
}

export interface Route {
  readonly version: number;
  readonly arm: 'champion' | 'canary';
}

/** The champion is the arm without a lease; before any arm exists, the alias. */
export function routeTable(model: string, state: LedgerState): RouteTable {
  const { arms, load, generation } = state.routing;
  const champion = arms.find((arm) => arm.lease === null)?.version ?? state.aliases.champion?.version ?? null;
  const canaries = arms.flatMap(({ version, share, lease }) => (lease === null ? [] : [{ version, share, lease }]));
  const shadow = state.aliases.shadow?.version ?? null;
  const wanted = [champion, ...canaries.map(({ version }) => version), shadow, ...load];
  return {
    model,
    generation,
    champion,
    canaries,
    shadow: shadow === champion ? null : shadow,
    load: [...new Set(wanted)].filter((version) => version !== null),
  };
}

/**
 * Where an entity stands for a canary version, in [0, 100).
 *
 * It depends on model, version and entity alone. So an entity below 5 is below 25 too: shares grow without moving
 * anyone back. And another version draws anew: it is not always the same entities that try what is new.
 */
export function position(model: string, version: number, entity: string): number {
  const hash = createHash('sha256').update(`${model}\n${version}\n${entity}`).digest();
  return (hash.readUIntBE(0, 6) / 2 ** 48) * 100;
}

/**
 * @param alive whether a canary's lease still holds; a lapsed arm takes no traffic
 * @returns null when nobody may answer (no champion, and no canary takes the entity)
 */
export function chooseArm(table: RouteTable, entity: string, alive: (arm: CanaryArm) => boolean): Route | null {
  for (const arm of table.canaries) {
    if (arm.share > 0 && position(table.model, arm.version, entity) < arm.share && alive(arm)) {
      return { version: arm.version, arm: 'canary' };
    }
  }
  return table.champion === null ? null : { version: table.champion, arm: 'champion' };
}
