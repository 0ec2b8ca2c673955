/** A trainer that the machine denies the memory it asks for (RLIMIT_AS): told as such, to be tried again, and nothing is made. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrainingOrder } from '../../src/training/order.ts';
import { trainWithinMemory } from '../../src/training/within-memory.ts';
import { categorical, type FlightRows, flightRows, numeric } from '../training/flight-rows.ts';

let folder: string;
let rows: FlightRows;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-memory-'));
  rows = await flightRows('binary');
});
afterAll(async () => {
  await rows?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** What it has at its start and 200 MB more; then one array of 2 GB, unless it is told to be small. */
async function greedy(name: string): Promise<TrainingOrder> {
  const program = join(folder, 'greedy.py');
  const lines = [
    'import resource',
    'import numpy as np',
    'import lightgbm as lgb',
    'from hone_trainer import run',
    'def fit(train, valid, params, weight):',
    '    if params.get("small"): return lgb.train({"objective": "binary", "verbose": -1}, lgb.Dataset(train.x, train.y), 3)',
    '    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()',
    '    resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000, used + 200_000_000))',
    '    return np.ones(250_000_000)',
    'run(fit)',
  ];
  await writeFile(program, `${lines.join('\n')}\n`);
  return {
    ...{ trainer: program, train: [rows.train], validation: [rows.validation], numeric, categorical },
    ...{ task: 'binary', params: { depth: 9 }, seed: 7, categories: { min_count: 50, max_levels: 100 } },
    ...{ classWeight: 'none', calibration: 'none', threads: 1, workDir: join(folder, name) },
    limits: { wall_clock: 'PT2M', memory_mb: 4096 },
  };
}

test('a trainer that gets no more memory ends with what happened, and leaves no model', async () => {
  const order = await greedy('work');
  const ended = trainWithinMemory(order, 'fail');
  await expect(ended).rejects.toMatchObject({ code: 'HONE_TRAINER_OUT_OF_MEMORY', retryable: true });
  await expect(ended).rejects.toThrow(/out of memory.*champion stays live/s);
  const left = await readdir(order.workDir, { recursive: true });
  expect(left.filter((name) => name.endsWith('model.onnx'))).toEqual([]);
});

test('where the file has smaller settings it is tried once more with them, and says so', async () => {
  const order = await greedy('again');
  const { result, instead } = await trainWithinMemory(order, { params: { small: true } });
  expect(instead).toMatchObject({
    params: { depth: 9, small: true },
    because: expect.stringMatching(/^The trainer .* was killed .* out of memory\.$/),
  });
  expect(result.model).toContain('again-smaller');

  const still = trainWithinMemory(await greedy('still'), { params: { small: false } });
  await expect(still).rejects.toMatchObject({ code: 'HONE_TRAINER_OUT_OF_MEMORY' });
  expect((await readdir(folder)).filter((name) => name.startsWith('still')).sort()).toEqual(['still', 'still-smaller']);
});
