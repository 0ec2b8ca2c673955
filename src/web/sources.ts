/** What every page reads from, opened once: the workspace, the store, Temporal, and what was last known of each. */
import type { HoneClient } from '../client/connect.ts';
import type { RunStory } from '../client/run-story.ts';
import { ModelUnknown } from '../config/errors.ts';
import type { Workspace } from '../config/load.ts';
import { nearest } from '../config/nearest.ts';
import type { LedgerEntry } from '../registry/contract.ts';
import { type Ledger, openLedger } from '../registry/ledger.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Entries } from './reads/entries.ts';
import { LastKnown } from './reads/last-known.ts';
import { Looks } from './reads/looks.ts';

export interface Sources {
  readonly workspace: Workspace;
  readonly store: ObjectStore;
  readonly client: HoneClient;
  readonly logger: Logger;
  readonly lastKnown: LastKnown;
  readonly looks: Looks;
  /** For "3 days ago"; never for policy. */
  now(): Date;
  /** Stories of ended runs: a record never changes. */
  readonly records: Map<string, RunStory>;
  /** One read for all who ask within a second. */
  shared<T>(key: string, read: () => Promise<T>): Promise<T>;
  /** Kept, so that the next look costs one read. */
  ledger(model: string): Ledger;
  /** Every entry of a ledger, oldest first. */
  entries(model: string): Promise<readonly LedgerEntry[]>;
  /** The ledger of a model that is configured or was. @throws ModelUnknown */
  knownLedger(model: string): Promise<Ledger>;
}

export interface SourceParts {
  readonly workspace: Workspace;
  readonly store: ObjectStore;
  readonly client: HoneClient;
  readonly logger: Logger;
  readonly now?: () => Date;
}

const SHARED_MS = 1000;

export function openSources({ workspace, store, client, logger, now = () => new Date() }: SourceParts): Sources {
  const ledgers = new Map<string, Ledger>();
  const entries = new Entries();
  const reads = new Map<string, { readonly since: number; readonly answer: Promise<unknown> }>();
  const ledger = (model: string): Ledger => {
    const kept = ledgers.get(model) ?? openLedger(store, model);
    if (workspace.models.has(model)) ledgers.set(model, kept);
    return kept;
  };
  return {
    ...{ workspace, store, client, logger, now, ledger },
    lastKnown: new LastKnown(() => now()),
    looks: new Looks(store),
    records: new Map(),
    shared<T>(key: string, read: () => Promise<T>): Promise<T> {
      const found = reads.get(key);
      if (found !== undefined && Date.now() - found.since < SHARED_MS) return found.answer as Promise<T>;
      const answer = read();
      reads.set(key, { since: Date.now(), answer });
      answer.catch(() => reads.delete(key));
      return answer;
    },
    entries: (model) => entries.of(ledger(model)),
    async knownLedger(model) {
      const known = [...workspace.models.keys()];
      const unknown = () => new ModelUnknown(model, known, nearest(model, known));
      if (!/^[a-z0-9-]+$/.test(model)) throw unknown();
      const found = ledger(model);
      if (!workspace.models.has(model) && (await found.head()) === null) throw unknown();
      return found;
    },
  };
}
