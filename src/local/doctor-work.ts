/** What `hone doctor` says of work that should go on: workers, regular looks, and workflows that do not get on. */
import { connectLazily } from '../client/connect.ts';
import { idleSentences, lateSentence, liveness, type QueueWork, type RegularWork } from '../client/liveness.ts';
import { stuckWorkflows } from '../client/stuck.ts';
import type { HoneConfig } from '../config/hone.ts';
import { HoneError } from '../errors.ts';
import type { Stuck } from '../reconciliation/stuck.ts';
import type { Part } from './preflight.ts';

export interface WorkExamined {
  readonly parts: readonly Part[];
  readonly stuck: readonly Stuck[];
}

/** Nothing where Temporal does not answer: that is said by its own part. */
export async function examineWork(hone: HoneConfig, now: string): Promise<WorkExamined> {
  const client = connectLazily(hone);
  try {
    const { queues, regular } = await liveness(client, now);
    const stuck = await stuckWorkflows(client, now);
    return { parts: [workersPart(queues), ...regularParts(regular)], stuck };
  } catch (error) {
    if (error instanceof HoneError) return { parts: [], stuck: [] };
    throw error;
  } finally {
    await client.close();
  }
}

/** A machine that only serves or only looks needs none: it is said, and not counted as missing. */
function workersPart(queues: readonly QueueWork[]): Part {
  const [advice = ''] = idleSentences({ queues, regular: [] });
  return {
    name: 'Workers',
    ok: true,
    version: advice === '' ? 'take work' : 'NONE',
    from: queues[0]?.queue ?? '',
    advice,
  };
}

function regularParts(regular: readonly RegularWork[]): Part[] {
  return regular
    .filter(({ late }) => late)
    .map((one) => ({ name: 'Regular look', ok: true, version: 'LATE', from: one.schedule, advice: lateSentence(one) }));
}
