/** What the reconciler sees, and what it finds wrong. Types only. */
import type { LedgerState } from '../registry/contract.ts';

/** A run's workflow as Temporal tells of it; `missing` where it knows none. */
export interface RunFact {
  readonly run: string;
  /** `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED`, `TERMINATED`, `TIMED_OUT` … or `MISSING`. */
  readonly status: string;
  /** The outcome that it showed last; with one it is about to close. */
  readonly outcome: string | null;
}

/** A prediction server that lives. */
export interface NodeFact {
  readonly node: string;
  readonly boot: string;
  readonly generation: number;
  readonly champion: number | null;
  readonly failed: readonly { readonly version: number; readonly reason: string }[];
}

export interface ModelFacts {
  readonly model: string;
  readonly state: LedgerState;
  /** Wall-clock time of the newest entry. */
  readonly changed_at: string;
  /** The workflow of the run that holds the lock; null where none does. */
  readonly active: RunFact | null;
  /** Open runs of the model by Temporal, the one with the lock among them. */
  readonly open: readonly RunFact[];
  /** Triggers that wait for the end of a run. */
  readonly waiting: number;
  readonly nodes: readonly NodeFact[];
  /** Ids of its schedules that Temporal has. */
  readonly schedules: readonly string[];
  /** Ids that its configuration asks for; null where it asks for none, because it is paused or was never applied. */
  readonly schedules_wanted: readonly string[] | null;
}

/** A trainer program whose worker has died. */
export interface TrainerFact {
  readonly name: string;
  readonly model: string;
  readonly run: string;
  readonly pid: number;
  readonly started_at: string;
}

interface About {
  readonly model: string;
  readonly sentence: string;
}

export type Finding = About &
  (
    | {
        /** The run that holds the lock is over and never said so. */
        readonly kind: 'run_gone';
        readonly run: string;
        /** Its candidate in the routing, with its share. */
        readonly candidate: { readonly version: number; readonly share: number } | null;
        /** Its version is champion already: the promotion stands, its probation has to begin. */
        readonly promoted: number | null;
      }
    | {
        /** A run goes on although it may not write any more. */
        readonly kind: 'run_without_lock';
        readonly run: string;
      }
    | {
        /** Triggers wait for the end of a run that has ended. */
        readonly kind: 'owner_waits';
        readonly after: string;
      }
    | {
        /** A live node does not serve what the ledger says. */
        readonly kind: 'node_disagrees';
        readonly node: NodeFact;
      }
    | { readonly kind: 'schedule_orphan'; readonly schedule: string }
    | { readonly kind: 'schedule_missing'; readonly schedule: string }
    | {
        /** Monitoring has not come to an end for three intervals. */
        readonly kind: 'monitoring_silent';
        readonly schedule: string;
        readonly last: string | null;
      }
    | { readonly kind: 'trainer_orphan'; readonly trainer: TrainerFact }
  );

/** What became of a finding. `left`: nothing was done, the sentence says why and what a person can do. */
export interface Repair {
  readonly finding: Finding;
  readonly result: 'repaired' | 'left' | 'would_repair';
  /** What was read back afterwards, or what a person has to do. */
  readonly sentence: string;
}

export interface Reconciled {
  readonly dry_run: boolean;
  readonly at: string;
  readonly models: number;
  readonly repairs: readonly Repair[];
}
