/** What logging every prediction adds to a prediction server: the same server answers for a model that logs and one that does not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { loadWorkspace } from '../src/config/load.ts';
import type { ModelConfig } from '../src/config/model.ts';
import { putByDigest } from '../src/store/content.ts';
import { openStore } from '../src/store/open-store.ts';
import { type Benchmark, type BenchmarkResult, median } from './contract.ts';
import { flightsModel } from './setup/flights-model.ts';
import { type LoadResult, openLoop } from './setup/open-loop.ts';
import { registerChampion } from './setup/registered-model.ts';

const PER_SECOND = 5_000;
const REPEATS = 5;
const SECONDS = 4;
const CONNECTIONS = 32;
const BATCH = 10;
const MODELS = { on: 'logged', off: 'unlogged' } as const;
const PROGRAM = resolve(import.meta.dirname, 'setup/serving-node.ts');
const asOf = '2013-01-26T00:00:00.000Z';

type Logging = keyof typeof MODELS;

interface Phase extends LoadResult {
  /** CPU seconds of the server for each 10,000 predictions, until the log is written out. */
  readonly cpu: number;
  readonly memoryMb: number;
}

export const benchmark: Benchmark = {
  about: `the prediction server at ${PER_SECOND} predictions/s, logging on against off in turn: latency, CPU, memory, drops`,
  async run(progress) {
    const dir = await mkdtemp(join(tmpdir(), 'hone-bench-'));
    let server: ChildProcess | undefined;
    try {
      const { rows, source } = await flightsModel(dir, progress);
      const { config } = (await loadWorkspace(resolve(import.meta.dirname, '..'))).models.get('flights-delay') ?? {};
      if (!config) throw new Error('config/models/flights-delay.yaml is missing');
      const store = openStore(`file:${join(dir, 'serving', 'store')}`);
      for (const [logging, model] of Object.entries(MODELS)) {
        const snapshot = { model: withLog(config, model, logging === 'on' ? 1 : 0), groups: {} };
        const { signature, served, modelPath } = source;
        const digest = await putByDigest(store, 'configs', snapshot);
        await registerChampion(store, { model, config: digest, signature, served, modelPath, asOf });
      }
      server = spawn(
        process.execPath,
        [...profiling(), '--import', 'tsx', PROGRAM, join(dir, 'serving'), ...Object.values(MODELS)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const node = new Node(await firstLine(server), rows.map(oneDay));
      await node.ready();
      const size = (n: number, perSecond: number, seconds: number): Shape => ({
        rows: n,
        perSecond: perSecond / n,
        predictions: perSecond * seconds,
      });
      progress('warming up');
      const burst = { ...size(1, PER_SECOND, 2), perSecond: Number.POSITIVE_INFINITY };
      for (const logging of ['on', 'off', 'on', 'off'] as const) await node.phase(logging, burst);
      const results: BenchmarkResult[] = [];
      const peak = await inTurns(node, burst, progress);
      results.push(...peakResults(peak));
      const most = median(peak.off.map(({ seconds }) => burst.predictions / seconds));
      const single = Math.min(PER_SECOND, Math.floor(most / 2 / 100) * 100);
      results.push(
        ...latencyResults(`${single}/s, one row a request`, await inTurns(node, size(1, single, SECONDS), progress)),
      );
      results.push(
        ...latencyResults(
          `${PER_SECOND}/s, ${BATCH} rows a request`,
          await inTurns(node, size(BATCH, PER_SECOND, SECONDS), progress),
        ),
      );
      const { dropped, written } = await node.log();
      const whole = { unit: 'predictions', repeats: 1 };
      return [
        ...results,
        { metric: 'written to the log', ours: written, ...whole },
        { metric: 'dropped by the log', ours: dropped, ...whole },
      ];
    } finally {
      if (server) {
        server.kill('SIGTERM');
        await once(server, 'exit');
      }
      await rm(dir, { recursive: true, force: true });
    }
  },
};

interface Shape {
  /** Of one request. */
  readonly rows: number;
  /** Requests. */
  readonly perSecond: number;
  readonly predictions: number;
}

type Turns = Readonly<Record<Logging, readonly Phase[]>>;

/** Which of the two comes first changes each time. */
async function inTurns(node: Node, shape: Shape, progress: (sentence: string) => void): Promise<Turns> {
  const turns: Record<Logging, Phase[]> = { on: [], off: [] };
  for (let i = 0; i < REPEATS; i++) {
    for (const logging of i % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
      const phase = await node.phase(logging, shape);
      turns[logging].push(phase);
      progress(
        `${logging}: p50 ${at(phase, 0.5).toFixed(2)} ms, p99 ${at(phase, 0.99).toFixed(2)} ms, ${phase.cpu.toFixed(3)} CPU s a 10,000, ${phase.memoryMb.toFixed(0)} MB, ${phase.seconds.toFixed(1)} s`,
      );
    }
  }
  return turns;
}

function peakResults({ on, off }: Turns): BenchmarkResult[] {
  const perSecond = (phases: readonly Phase[]) =>
    median(phases.map(({ latency, seconds }) => latency.length / seconds));
  const [ours, peer] = [perSecond(on), perSecond(off)];
  return [
    {
      metric: 'most that the server answers, one row a request; peer: not logging',
      unit: 'predictions/s',
      ours,
      peer,
      ratio: ours / peer,
      repeats: REPEATS,
    },
    versus('at most speed', 'CPU s a 10,000', on, off, ({ cpu }) => cpu),
  ];
}

function latencyResults(what: string, { on, off }: Turns): BenchmarkResult[] {
  return [
    versus(`${what}: p50`, 'ms', on, off, (phase) => at(phase, 0.5)),
    versus(`${what}: p99`, 'ms', on, off, (phase) => at(phase, 0.99)),
    versus(what, 'CPU s a 10,000', on, off, ({ cpu }) => cpu),
    versus(`${what}: memory`, 'MB', on, off, ({ memoryMb }) => memoryMb),
  ];
}

function versus(
  metric: string,
  unit: string,
  on: readonly Phase[],
  off: readonly Phase[],
  of: (phase: Phase) => number,
): BenchmarkResult {
  const [ours, peer] = [median(on.map(of)), median(off.map(of))];
  return { metric: `${metric}; peer: not logging`, unit, ours, peer, ratio: peer / ours, repeats: REPEATS };
}

function at({ latency }: LoadResult, share: number): number {
  return latency[Math.min(latency.length - 1, Math.floor(share * latency.length))] ?? Number.NaN;
}

class Node {
  readonly #url: string;
  /** Rows as JSON, without their opening bracket. */
  readonly #rows: readonly string[];
  #nth = 0;

  constructor(url: string, rows: readonly string[]) {
    this.#url = url;
    this.#rows = rows;
  }

  async ready(): Promise<void> {
    for (
      const deadline = Date.now() + 60_000;
      Date.now() < deadline;
      await new Promise((done) => setTimeout(done, 100))
    ) {
      if ((await fetch(`${this.#url}/ready`)).ok) return;
    }
    throw new Error('the prediction server was not ready in a minute');
  }

  /** Ends when what it logged is in the store. */
  async phase(logging: Logging, { rows, perSecond, predictions }: Shape): Promise<Phase> {
    const before = await this.#figures();
    const load = await openLoop({
      ...{ url: this.#url, path: `/v1/models/${MODELS[logging]}/predict`, connections: CONNECTIONS },
      ...{ perSecond, requests: Math.round(predictions / rows), body: () => this.#body(rows) },
    });
    if (load.failed > 0) throw new Error(`${load.failed} of ${load.latency.length} requests were not answered`);
    await fetch(`${this.#url}/v1/flush`, { method: 'POST' });
    const after = await this.#figures();
    const cpu = after('process_cpu_seconds_total') - before('process_cpu_seconds_total');
    return { ...load, cpu: (cpu * 10_000) / predictions, memoryMb: after('process_resident_memory_bytes') / 2 ** 20 };
  }

  async log(): Promise<{ written: number; dropped: number }> {
    const figure = await this.#figures();
    return { written: figure('hone_log_written_total'), dropped: figure('hone_log_dropped_total') };
  }

  /** Every row has an id that was never sent: a repeated one would be answered from memory and not logged. */
  #body(rows: number): string {
    const texts = Array.from({ length: rows }, () => {
      const i = this.#nth++;
      return `{"inference_id":"${i}",${this.#rows[i % this.#rows.length]}`;
    });
    return `{"rows":[${texts.join(',')}]}`;
  }

  async #figures(): Promise<(name: string) => number> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    return (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }
}

function withLog(config: ModelConfig, model: string, sample: number): ModelConfig {
  const copy = structuredClone(config);
  return { ...copy, model, monitoring: { ...copy.monitoring, log: { ...copy.monitoring.log, sample } } };
}

/** All on one day, as traffic is. */
function oneDay(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...row, event_ts: `2013-01-14T${String(row['event_ts']).slice(11, 19)}Z` }).slice(1);
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error('the prediction server ended before it answered');
}

/** `HONE_BENCH_PROFILE=<folder>` writes where the server's time went there. */
function profiling(): string[] {
  const folder = process.env['HONE_BENCH_PROFILE'];
  return folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
}
