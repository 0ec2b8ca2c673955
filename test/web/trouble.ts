/** Beside what is told: a prediction server whose canary errs, and a run that failed, with what its worker logged. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { logFileOf } from '../../src/local/log-file.ts';
import { type ArmEvidence, LATENCY_BOUNDS_MS } from '../../src/serving/contract.ts';
import { writeNode } from '../../src/serving/nodes.ts';
import { putDocument } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { HOSTILE, MODEL } from './told.ts';

export const FAILED = `${MODEL}-000009`;
export const NODE = 'n1';

/** Version 3 is the canary; it has scored no row again yet. */
export async function putServer(store: ObjectStore): Promise<void> {
  const arms = { 1: arm(9000), 3: arm(400, { errors: 40, entities_failed: 9 }) };
  const at = { generation: 4, loaded: [1, 3], failed: [], ready: true, champion: 1, lapsed: [], arms };
  await writeNode(store, {
    ...{ node: NODE, boot: 'b1', beat: 1, poll_ms: 60_000, url: 'http://127.0.0.1:1', at: new Date().toISOString() },
    ...{ draining: false, models: { [MODEL]: at } },
  });
}

/** Two milliseconds a call, two requests an entity. */
function arm(requests: number, more: Partial<ArmEvidence> = {}): ArmEvidence {
  return {
    ...{ requests, errors: 0, nan: 0, fallbacks: 0, timeouts: 0, crashes: 0 },
    ...{ entities: requests / 2, entities_failed: 0, latency_sum_ms: 2 * requests },
    latency: [requests, ...new Array<number>(LATENCY_BOUNDS_MS.length).fill(0)],
    ...{ max_disagreement: null, rows_checked: 0, shadow_dropped: 0, staged: 0, ...more },
  };
}

export async function putFailedRun(store: ObjectStore): Promise<void> {
  const ended = { outcome: 'failed', version: null, sentence: 'The trainer failed.', trigger: 'manual' };
  const times = { as_of: '2013-04-01T10:00:00.000Z', ended_at: '2013-04-01T10:01:00.000Z' };
  const stages = [{ stage: 'train', started: '2013-04-01T10:00:00.000Z', ended: null }];
  await putDocument(store, `models/${MODEL}/runs/${FAILED}/record.json`, { ...ended, ...times, stages, messages: [] });
}

/** One line of the run among those of another one and of nobody. */
export async function writeLog(dir: string): Promise<void> {
  const log = logFileOf(dir, 'worker');
  const line = (run: string, more: object) =>
    JSON.stringify({ level: 40, time: 0, run, stage: 'train', attempt: 2, ...more });
  const own = line(FAILED, { code: 'HONE_TRAINER_FAILED', msg: HOSTILE });
  const other = line(`${MODEL}-000001`, { msg: 'of another' });
  await mkdir(dirname(log), { recursive: true });
  await writeFile(log, [`no JSON about ${FAILED}`, other, own, '{'].join('\n'));
}
