/** What the gate promises, counted. With HONE_BENCH_DOCS=1 the counts are kept in docs/ and written into the page. */
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import type { Benchmark, BenchmarkResult } from './contract.ts';
import { countGatePromises, type GatePromises } from './setup/gate-promises.ts';
import { type KeptPromises, withTables } from './setup/gate-promises-page.ts';

const PAGE = new URL('../docs/gate-promises.md', import.meta.url);
const KEPT = new URL('../docs/gate-promises.json', import.meta.url);

export const benchmark: Benchmark = {
  about:
    'false promotions and power of the gate under independent rows and under days that move together; ours in %, limit 5 % for candidates worse by the margin',
  async run(progress) {
    const machine = `${availableParallelism()} cores at a load of ${loadavg()[0]?.toFixed(0)}`;
    const counted = await countGatePromises(progress);
    if (process.env['HONE_BENCH_DOCS'] === '1')
      await keep({ date: new Date().toISOString().slice(0, 10), machine, counted });
    return resultsOf(counted);
  },
};

async function keep(kept: KeptPromises): Promise<void> {
  await writeFile(KEPT, `${JSON.stringify(kept, null, 2)}\n`);
  await writeFile(PAGE, withTables(await readFile(PAGE, 'utf8'), kept));
}

function resultsOf({ margin, draws, worse, independent, equal, fifty, planted }: GatePromises): BenchmarkResult[] {
  const data = (clustered: boolean) => (clustered ? 'days move together' : 'independent rows');
  const share = (metric: string, value: number, repeats: number, limit?: number): BenchmarkResult => ({
    ...{ metric, unit: '%', ours: 100 * value, repeats },
    ...(limit === undefined ? {} : { limit }),
  });
  return [
    ...worse.map(({ clustered, days, promoted }) =>
      share(`${data(clustered)}, ${days} days: worse by ${margin}, promoted`, promoted, draws.worse, 5),
    ),
    ...independent.map(({ clustered, promoted }) =>
      share(
        `${data(clustered)}, 14 days: worse by ${margin}, promoted if rows were taken as independent`,
        promoted,
        draws.independent,
      ),
    ),
    ...equal.flatMap(({ clustered, days, margin: allowed, ...found }) =>
      (['pass', 'inconclusive', 'fail'] as const).map((verdict) =>
        share(`${data(clustered)}, ${days} days: equal, margin ${allowed}, ${verdict}`, found[verdict], draws.equal),
      ),
    ),
    ...fifty.flatMap(({ anchored, repeats, promoted, lost_mean, lost_most }): BenchmarkResult[] => {
      const name = `fifty candidates each worse by half the margin, ${anchored ? 'with' : 'without'} the anchor`;
      return [
        { metric: `${name}: lost on average`, unit: 'AUC', ours: lost_mean, repeats },
        { metric: `${name}: lost at most`, unit: 'AUC', ours: lost_most, repeats },
        { metric: `${name}: promoted`, unit: 'of 50', ours: promoted, repeats },
      ];
    }),
    ...planted.flatMap(({ clustered, name, rule, failed, named, promoted }) => [
      share(`planted, ${data(clustered)}, ${name}: promoted`, promoted, draws.planted),
      share(`planted, ${data(clustered)}, ${name}: verdict fail`, failed, draws.planted),
      ...(named === null ? [] : [share(`planted, ${data(clustered)}, ${name}: ${rule} failed`, named, draws.planted)]),
    ]),
  ];
}
