/** A trainer that the machine denies the memory it asks for (RLIMIT_AS): told as such, to be tried again, and nothing is made. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runTrainer } from '../../src/training/run-trainer.ts';
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

test('a trainer that gets no more memory ends with what happened, and leaves no model', async () => {
  const program = join(folder, 'greedy.py');
  // What it has at its start and 200 MB more; then one array of 2 GB.
  const lines = [
    'import resource',
    'import numpy as np',
    'from hone_trainer import run',
    'def fit(train, valid, params, weight):',
    '    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()',
    '    resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000, used + 200_000_000))',
    '    return np.ones(250_000_000)',
    'run(fit)',
  ];
  await writeFile(program, `${lines.join('\n')}\n`);
  const ended = runTrainer({
    ...{ trainer: program, train: [rows.train], validation: [rows.validation], numeric, categorical },
    ...{ task: 'binary', params: {}, seed: 7, categories: { min_count: 50, max_levels: 100 } },
    ...{ classWeight: 'none', calibration: 'none', threads: 1, workDir: join(folder, 'work') },
    limits: { wall_clock: 'PT2M', memory_mb: 4096 },
  });
  await expect(ended).rejects.toMatchObject({ code: 'HONE_TRAINER_OUT_OF_MEMORY', retryable: true });
  await expect(ended).rejects.toThrow(/out of memory.*champion stays live/s);
  const left = await readdir(join(folder, 'work'), { recursive: true });
  expect(left.filter((name) => name.endsWith('model.onnx'))).toEqual([]);
});
