/** Ten usual checks on real columns against pandera on polars: CPU seconds and peak memory, reading the file included. */
import { fileURLToPath } from 'node:url';
import { withDuckDb } from '../src/data/engine.ts';
import { columnsOf } from '../src/data/ingest/source-reader.ts';
import { parquetOf } from '../src/data/sql-text.ts';
import { ensurePython } from '../src/local/python.ts';
import { type Benchmark, type BenchmarkResult, median } from './contract.ts';
import { flightFile } from './setup/flight-file.ts';
import { bothInTurn, dataWork, ownProcess, type Used } from './setup/own-process.ts';

const ROWS = 5_000_000;
const REPEATS = 5;
const PROGRAM = fileURLToPath(new URL('./peers/checks.py', import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL('./peers/pandera.txt', import.meta.url));
const CHECKED = [
  'flight_id',
  'distance_miles',
  'sched_dep_minute',
  'tail_number',
  'plane_year',
  'origin',
  'dest',
  'arrived_late',
  'batch',
  'place',
];

export const benchmark: Benchmark = {
  about: `ten checks, a unique id and labels of two classes on ${ROWS / 1e6} M rows; peer pandera 0.35.0 on polars 2.1.0, pinned; aim 2 times less CPU, 3 times less memory`,
  async run(progress) {
    const { python } = await ensurePython({ requirements: REQUIREMENTS, onProgress: progress });
    const path = await flightFile(ROWS, progress);
    const columns = await withDuckDb({ tempDir: `${path}.scratch` }, (db) => columnsOf(db, parquetOf([path])));
    const named = JSON.stringify({ all: columns.map(({ name }) => name), checked: CHECKED });
    const results: BenchmarkResult[] = [];
    for (const [how, title] of [
      ['whole', 'the whole file read, as usually written'],
      ['narrow', 'only the ten checked columns read'],
    ] as const) {
      const both = await bothInTurn(
        REPEATS,
        () => dataWork('checks', path),
        () => ownProcess(python, [PROGRAM, path, named, how]),
      );
      samePassed(both.ours);
      results.push(result(`ten checks, peer: ${title}: CPU`, 's', both, 'cpu_seconds'));
      results.push(result(`ten checks, peer: ${title}: peak memory`, 'MB', both, 'peak_mb'));
    }
    const more: Used[] = [];
    for (let i = 0; i < REPEATS; i++) more.push(await dataWork('checks_and_more', path));
    const cpu = median(more.map((used) => used.cpu_seconds));
    const memory = median(more.map((used) => used.peak_mb));
    const metric = 'with all that hone checks unasked on 17 features';
    return [
      ...results,
      { metric: `${metric}: CPU`, unit: 's', ours: cpu, repeats: REPEATS },
      { metric: `${metric}: peak memory`, unit: 'MB', ours: memory, repeats: REPEATS },
    ];
  },
};

/** Checks that were not made, or found something, would be no comparison: pandera raises, ours must be empty. */
function samePassed(ours: readonly Used[]): void {
  const bad = ours.find(({ rejected, rows }) => rows !== ROWS || rejected?.length !== 0);
  if (bad) throw new Error(`the checks of ours did not pass: ${JSON.stringify(bad)}`);
}

function result(
  metric: string,
  unit: string,
  both: { ours: readonly Used[]; theirs: readonly Used[] },
  figure: 'cpu_seconds' | 'peak_mb',
): BenchmarkResult {
  const [ours, peer] = [both.ours, both.theirs].map((side) => median(side.map((used) => used[figure]))) as [
    number,
    number,
  ];
  return { metric, unit, ours, peer, ratio: peer / ours, repeats: REPEATS };
}
