/** The paired bootstrap of the gate against the same in numpy: sorting, resampling and bounds, all counted, in CPU time of one thread. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { METRICS } from '../src/evaluation/metrics.ts';
import { ensurePython } from '../src/local/python.ts';
import { blockBootstrap } from '../src/statistics/bootstrap.ts';
import { randomStream } from '../src/statistics/random.ts';
import { type Benchmark, inTurn } from './contract.ts';

const ROWS = 100_000;
const FIGURES = ['roc_auc', 'log_loss'] as const;
/** CPU seconds of the case that the gate has. */
const LIMIT = 2.5;
const PROGRAM = fileURLToPath(new URL('./peers/bootstrap.py', import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL('./peers/numpy.txt', import.meta.url));

interface Data {
  readonly labels: Float64Array;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly block: Int32Array;
  readonly blocks: number;
}

interface Answer {
  readonly seconds: number;
  readonly estimate: readonly number[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

export const benchmark: Benchmark = {
  about: `paired bootstrap of AUC and log loss on ${ROWS} rows; peer numpy 2.4.6, pinned; limit ${LIMIT} s of CPU for 2,000 resamples of 30 days`,
  async run(progress) {
    const { python } = await ensurePython({ requirements: REQUIREMENTS, onProgress: progress });
    const folder = await mkdtemp(join(tmpdir(), 'hone-bench-'));
    try {
      const days = { what: '2,000 resamples of blocks of a day (30 days)', resamples: 2000, repeats: 3 };
      const rows = {
        what: '200 resamples of independent rows (the same algorithm on both sides)',
        resamples: 200,
        repeats: 3,
      };
      return [
        { ...(await against(python, folder, data(30), days)), limit: 1000 * LIMIT },
        await against(python, folder, data(ROWS), rows),
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Asked {
  readonly what: string;
  readonly resamples: number;
  readonly repeats: number;
}

async function against(python: string, folder: string, rows: Data, { what, resamples, repeats }: Asked) {
  await Promise.all(
    (['labels', 'a', 'b'] as const).map((name) =>
      writeFile(join(folder, `${name}.f64`), new Uint8Array(rows[name].buffer)),
    ),
  );
  await writeFile(join(folder, 'block.i32'), new Uint8Array(rows.block.buffer));
  const answers: { ours?: Answer; peer?: Answer } = {};
  const result = await inTurn(
    { metric: `paired bootstrap, ${what}`, unit: 'CPU ms', repeats },
    {
      ours: async () => {
        answers.ours = ours(rows, resamples);
        return answers.ours.seconds * 1000;
      },
      peer: async () => {
        // One thread each: on a busy machine BLAS threads that wait for each other would only slow the peer down.
        const env = { ...process.env, OPENBLAS_NUM_THREADS: '1' };
        const { stdout } = await promisify(execFile)(python, [PROGRAM, folder, `${resamples}`, `${rows.blocks}`], {
          env,
        });
        answers.peer = JSON.parse(stdout) as Answer;
        return answers.peer.seconds * 1000;
      },
    },
  );
  sameAnswer(answers.ours!, answers.peer!);
  return result;
}

function ours({ labels, a, b, block, blocks }: Data, resamples: number): Answer {
  const start = process.cpuUsage();
  const [left, right] = [a, b].map((scores) =>
    FIGURES.map((name) => METRICS[name].prepare({ labels, scores, block, blocks })),
  );
  const found = blockBootstrap(
    (weights) => FIGURES.map((name, m) => METRICS[name].direction * (left![m]!(weights) - right![m]!(weights))),
    blocks,
    { resamples, seed: 1, level: 0.05 },
  );
  const used = process.cpuUsage(start);
  const seconds = (used.user + used.system) / 1e6;
  const pick = (part: 'estimate' | 'lower' | 'upper') => found.map((interval) => interval[part]!);
  return { seconds, estimate: pick('estimate'), lower: pick('lower'), upper: pick('upper') };
}

/** A fast wrong answer is worth nothing: equal estimates, and interval widths within the noise of 200 resamples. */
function sameAnswer(mine: Answer, theirs: Answer): void {
  FIGURES.forEach((name, m) => {
    const ratio = (mine.upper[m]! - mine.lower[m]!) / (theirs.upper[m]! - theirs.lower[m]!);
    if (Math.abs(mine.estimate[m]! - theirs.estimate[m]!) > 1e-9 || ratio < 0.6 || ratio > 1.6) {
      throw new Error(`${name} differs from numpy: ${JSON.stringify({ mine, theirs })}`);
    }
  });
}

function data(blocks: number): Data {
  const random = randomStream(2013);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const signal = Float64Array.from({ length: ROWS }, () => -1.2 + random.normal());
  const model = (noise: number) => signal.map((value) => Math.fround(sigmoid(value + noise * random.normal())));
  return {
    labels: signal.map((value) => (random.uniform() < sigmoid(value) ? 1 : 0)),
    a: model(0.3),
    b: model(0.4),
    block: Int32Array.from({ length: ROWS }, (_, i) => Math.floor((i * blocks) / ROWS)),
    blocks,
  };
}
