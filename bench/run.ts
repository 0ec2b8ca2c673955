/** `npm run bench -- <name> [--json]`: runs the `benchmark` of bench/<name>.ts. Without a name it lists them. */
import { readdir } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Benchmark, BenchmarkReport, BenchmarkResult } from './contract.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const NOT_BENCHMARKS = ['run.ts', 'contract.ts'];

async function names(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => file.endsWith('.ts') && !NOT_BENCHMARKS.includes(file))
    .map((file) => file.slice(0, -3));
}

async function load(name: string): Promise<Benchmark> {
  const module = (await import(pathToFileURL(`${FOLDER}${name}.ts`).href)) as { benchmark?: Benchmark };
  if (!module.benchmark) throw new Error(`bench/${name}.ts exports no \`benchmark\`.`);
  return module.benchmark;
}

/** With the load before the run: figures of a busy machine are not those of a quiet one. */
function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}, ${memory} GB, ${process.platform} ${process.arch}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)} before`;
}

function line({ metric, unit, ours, peer, limit, ratio, repeats }: BenchmarkResult): string {
  const amount = (value: number) => `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
  const against = peer === undefined ? '' : `, peer ${amount(peer)}`;
  const bound = limit === undefined ? '' : `, limit ${amount(limit)}`;
  const times = ratio === undefined ? '' : `, ${ratio.toPrecision(3)} times better`;
  return `${metric}: ${amount(ours)}${against}${bound}${times} (median of ${repeats})`;
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const known = await names();
const [name] = positionals;
if (name === undefined) {
  for (const each of known) console.log(`${each}: ${(await load(each)).about}`);
} else if (!known.includes(name)) {
  console.error(`There is no benchmark ${name}. Nothing was run. There are: ${known.join(', ')}.`);
  process.exitCode = 2;
} else {
  const benchmark = await load(name);
  const where = machine();
  const results = await benchmark.run((sentence) => console.error(sentence));
  const report: BenchmarkReport = { name, machine: where, results };
  console.log(values.json ? JSON.stringify(report, null, 2) : [report.machine, ...results.map(line)].join('\n'));
}
