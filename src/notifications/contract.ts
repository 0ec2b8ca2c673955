/** What people are told: one notice each, numbered for each model. Kept under `notifications/`. No rows, no secrets. */
import { z } from 'zod';
import { noticeSeverity } from '../config/notify.ts';
import { instant } from '../registry/contract.ts';

/** `notifications/outbox/<model>/<seq>.json`. */
export const notice = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  seq: z.number().int().positive(),
  /** The same happening has the same id, however often it is looked at. */
  id: z.string(),
  /** Such as `promoted`, `approval.requested`, `incident.opened`. */
  type: z.string(),
  severity: noticeSeverity,
  /** Logical time of what happened. */
  as_of: instant,
  /** What belongs together in one thread: a run or an incident. */
  thread: z.string(),
  run: z.string().nullable(),
  sentence: z.string(),
});
export type Notice = z.output<typeof notice>;
export type Happening = Omit<Notice, 'contract' | 'seq'>;

/** `notifications/cursors/<model>.json`: how far ledger and ticks were read. */
export const sourceCursor = z.strictObject({
  next: z.number().int().positive(),
  ledger_seq: z.number().int().nonnegative(),
  tick: z.string(),
  /** Packets that were told of, and calls about them; those of open runs only. */
  approvals: z.array(z.string()),
});
export type SourceCursor = z.output<typeof sourceCursor>;

/** `notifications/routes/<route>/<model>.json`: how far a route has come. */
export const routeCursor = z.strictObject({
  next: z.number().int().positive(),
  /** The day of the last summary, where the route wants one a day. */
  digested: z.string().optional(),
  /** What went ahead of notices that still wait: pages, later news of an incident. */
  early: z.array(z.number().int().positive()),
  failing: z.strictObject({ since: instant, attempts: z.number().int().positive(), error: z.string() }).nullable(),
});
export type RouteCursor = z.output<typeof routeCursor>;

/** `notifications/dead/<route>/<model>/<seq>.json`: given up after a day; `hone notify replay` sends it again. */
export const deadLetter = z.strictObject({ notice, since: instant, error: z.string() });
export type DeadLetter = z.output<typeof deadLetter>;

export const seqKey = (seq: number): string => `${String(seq).padStart(9, '0')}.json`;
export const outboxKey = (model: string, seq: number): string => `notifications/outbox/${model}/${seqKey(seq)}`;
export const sourceKey = (model: string): string => `notifications/cursors/${model}.json`;
export const routeKey = (route: string, model: string): string => `notifications/routes/${route}/${model}.json`;
export const deadPrefix = (route: string): string => `notifications/dead/${route}/`;
