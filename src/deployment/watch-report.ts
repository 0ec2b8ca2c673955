/** What the watching of a step reports with its heartbeats, as somebody else reads it: a person's page beside the worker. */
import { z } from 'zod';
import { armEvidence } from '../serving/contract.ts';
import type { Readings } from './node-watch.ts';

const counts = z.object({ trials: z.number(), events: z.number() });
const counters = z.object({ canary: counts, champion: counts });

const report = z.object({
  startedAt: z.number(),
  arms: z.record(z.string(), z.record(z.string(), armEvidence)),
  beyond: z.array(z.string()).optional(),
  failing: z
    .object({
      test: z.object({ ...counters.shape, bets: z.array(z.number()) }),
      seen: z.record(z.string(), counters),
    })
    .optional(),
});

/** @returns null where it is none, such as that of another version of hone */
export function watchReport(heartbeat: unknown): Readings | null {
  return report.safeParse(heartbeat).success ? (heartbeat as Readings) : null;
}
