/** `hone evaluate` on a small model with two real ONNX versions and files of its own. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadWorkspace, modelOf } from '../../src/config/load.ts';
import { configSnapshot } from '../../src/config/snapshot.ts';
import type { FlipExample } from '../../src/evaluation/contract.ts';
import { judge } from '../../src/gate/judge.ts';
import { importVersion } from '../../src/registry/import.ts';
import { openStore } from '../../src/store/open-store.ts';
import { hone as run, type Said } from '../cli/story.ts';
import { ROOT } from '../config/workspace.ts';
import { writeParquet } from '../data/surroundings.ts';
import { tinyOnnx } from '../serving/tiny-model.ts';

/** 20 days, 200 rows a day; `x` says most about `y`, in shop b less than in shop a. */
const ROWS = `
  SELECT i AS id, TIMESTAMP '2013-03-01' + to_minutes((i // 200) * 1440 + i % 200) AS at,
    ((hash(i) % 1000)::DOUBLE / 500 - 1)::FLOAT AS x, CASE WHEN i % 3 = 0 THEN 'a' ELSE 'b' END AS shop,
    CASE WHEN 1 / (1 + exp(-3 * ((hash(i) % 1000)::DOUBLE / 500 - 1))) > (hash(i + 1000000) % 1000) / 1000.0 THEN 'yes' ELSE 'no' END AS y
  FROM range(4000) t(i)`;

const FILE = `
extends: ../defaults.yaml
model: tiny
owner: ops-ml
data:
  source: { type: parquet, path: rows.parquet }
  id: id
  event_time: at
  label: { column: y, positive: 'yes', available_at: null, mature_after: PT24H, if_never: exclude }
features: { use: [x, shop], categories: { columns: [shop], min_count: 1 } }
gate:
  primary: roc_auc
  uncertainty: { resamples: 200 }
  champion: { margin: { roc_auc: 0.01 } }
  slices: { columns: [shop] }
  metrics:
    missed_in_a: { sql: "SELECT avg((decision = 0)::INT) FROM predictions WHERE label = 1 AND shop = 'a'", better: lower, floor: 0.9 }
    mean_score: { sql: "SELECT avg(score) FROM predictions", better: higher, margin: 0.001 }
approval: { otherwise: { from: [ops-ml] } }
`;

let dir: string;
const hone = (...argv: string[]): Promise<Said> => run(dir, argv);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-evaluate-'));
  await cp(join(ROOT, 'config'), join(dir, 'config'), { recursive: true });
  const store = openStore('file:.hone/store', dir);
  await writeFile(join(dir, 'config', 'models', 'tiny.yaml'), FILE);
  await writeParquet(dir, 'rows.parquet', ROWS);
  await writeParquet(dir, 'later.parquet', ROWS.replace('2013-03-01', '2013-05-01'));
  const beside = 'SELECT *, ((1 + x) / 2)::DOUBLE AS legacy, 10 + i % 7 AS amount FROM (SELECT *, id AS i FROM';
  await writeParquet(dir, 'beside.parquet', `${beside} (${ROWS}))`);
  await writeParquet(dir, 'unlabelled.parquet', `SELECT * REPLACE (NULL::VARCHAR AS y) FROM (${ROWS})`);
  await writeParquet(dir, 'short.parquet', `SELECT * EXCLUDE (x) FROM (${ROWS})`);
  const config = configSnapshot(await loadWorkspace(dir), 'tiny');
  const signature = {
    ...{ contract: 1 as const, task: 'binary' as const, numeric: ['x'], categorical: ['shop'] },
    ...{ output: 'score', classes: null },
  };
  for (const [weight, bias] of [
    [3, 0],
    [0.2, 0],
    [3, 0.8],
  ] as const) {
    await importVersion({
      ...{ store, config, signature, model: tinyOnnx({ weights: [weight], levels: {}, bias }) },
      ...{ fitEnd: '2013-03-05T00:00:00.000Z', asOf: '2013-03-20T00:00:00.000Z', by: 'dana', reason: 'test' },
      ...{ code: { commit: 'c0ffee', dirty: false }, champion: false, base: dir },
      ...{ workDir: join(dir, 'work'), cacheDir: join(dir, 'cache') },
    });
  }
});

afterAll(() => rm(dir, { recursive: true, force: true }));

test('a version is judged on a file with every figure, bounds and slices, and rows it may have seen are told', async () => {
  const said = await hone('evaluate', 'tiny/1', '--data', 'rows.parquet', '--json');
  expect(said.err).toBe('');
  const { report, seen, data } = JSON.parse(said.out);
  expect(data.rows).toBe(4000);
  expect(report).toMatchObject({ rows: 4000, blocks: { count: 20 }, improvement: { over_champion: null } });
  expect(report.models.candidate.metrics.roc_auc.lower).toBeGreaterThan(0.75);
  expect(report.slices.map(({ value }: { value: string }) => value)).toEqual(['b', 'a']);
  // Fitted until 5 March, and a gap of a day behind it.
  expect(seen).toEqual({ rows: 1000, until: '2013-03-06T00:00:00.000Z' });

  const text = (await hone('evaluate', 'tiny/1', '--data', 'rows.parquet')).out;
  expect(text.replace(/\s+/g, ' ')).toContain('1,000 of the judged rows are before');
  const clean = JSON.parse((await hone('evaluate', 'tiny/1', '--data', 'rows.parquet', '--clean-only', '--json')).out);
  expect(clean).toMatchObject({ report: { rows: 3000 }, seen: { rows: 0 } });
});

test('metrics in SQL have bounds, and equal what the same sum over the scores gives', async () => {
  const argv = ['evaluate', 'tiny/2', '--against', 'tiny/1', '--data', 'rows.parquet'];
  const { report } = JSON.parse((await hone(...argv, '--json')).out);
  const [missed, mean] = report.custom;
  expect(mean).toMatchObject({ name: 'mean_score', candidate: { method: 'block_jackknife', blocks: 19 } });
  expect(mean.candidate.estimate).toBeCloseTo(report.models.candidate.mean_prediction, 12);
  expect(mean.champion.estimate).toBeCloseTo(report.models.champion.mean_prediction, 12);
  expect(mean.improvement.estimate).toBeCloseTo(mean.candidate.estimate - mean.champion.estimate, 12);
  expect(missed.candidate).toMatchObject({ reason: null });
  expect(missed.improvement.estimate).toBeCloseTo(missed.champion.estimate - missed.candidate.estimate, 12);
  expect((await hone(...argv)).out).toContain('missed_in_a');
});

test('rows that two versions decide otherwise are shown as far as the log may keep them, and both have a footprint', async () => {
  const file = join(dir, 'config', 'models', 'tiny.yaml');
  const argv = ['evaluate', 'tiny/3', '--against', 'tiny/1', '--data', 'rows.parquet', '--json'];
  const examples = async (log: string) => {
    await writeFile(file, `${FILE}monitoring: { log: ${log} }\n`);
    const { report } = JSON.parse((await hone(...argv)).out);
    await writeFile(file, FILE);
    return report;
  };
  const report = await examples('{ keep: [x], hash: [shop] }');
  expect(report.flip_examples).toHaveLength(20);
  for (const { candidate, champion, features } of report.flip_examples) {
    expect(candidate.decision).not.toBe(champion.decision);
    expect(Object.keys(features)).toEqual(['x']);
  }
  // Those put right come first, and those whose score moved most before the others.
  const right = report.flip_examples.slice(0, 10);
  const moved = right.map(({ candidate, champion }: FlipExample) => Math.abs(candidate.score - champion.score));
  expect(right.every(({ candidate, label }: FlipExample) => candidate.decision === label)).toBe(true);
  expect(moved).toEqual([...moved].sort((a, b) => b - a));
  expect((await examples('{ keep: [] }')).flip_examples[0].features).toEqual({});

  expect(report.footprint.candidate).toMatchObject({ threshold: 0.5, importance: null, latency_ms: { calls: 300 } });
  expect(report.footprint.champion.bytes).toBeGreaterThan(100);
  const { curve } = report.models.candidate;
  expect(curve.reduce((sum: number, { rows }: { rows: number }) => sum + rows, 0)).toBe(4000);
});

test.each([
  ['SELECT score FROM predictions', 'it gives 4000 rows of 1 columns, not one number'],
  ['SELECT 1; SELECT 2', 'it is more than one statement'],
  ["SELECT count(*) FROM read_csv('/etc/passwd')", 'Permission Error'],
  ['SELECT avg(nothing) FROM predictions', 'nothing'],
  ["SELECT 'many'", 'it gives "many", not a number'],
])('a metric that is no number of the predictions is refused: %s', async (sql, why) => {
  const file = join(dir, 'config', 'models', 'tiny.yaml');
  await writeFile(file, FILE.replace('SELECT avg(score) FROM predictions', sql));
  const { code, out, err } = await hone('evaluate', 'tiny/1', '--data', 'rows.parquet');
  await writeFile(file, FILE);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err.replace(/\s+/g, ' ')).toContain(why);
  expect(err).toContain('gate.metrics.mean_score');
});

test('against another version the same rows decide, and the text says who is better', async () => {
  const argv = ['evaluate', 'tiny/2', '--against', 'tiny/1', '--data', 'rows.parquet', '--clean-only'];
  const { report } = JSON.parse((await hone(...argv, '--json')).out);
  // The same order of scores: ranking is equal, probabilities are not.
  expect(report.improvement.over_champion.roc_auc.estimate).toBeCloseTo(0, 6);
  expect(report.improvement.over_champion.log_loss.upper).toBeLessThan(-0.05);
  const text = (await hone(...argv)).out;
  expect(text).toMatch(/log_loss .*worse by 0\.\d+\n/);
  expect(text).toMatch(/roc_auc .*equal \(open\)/);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('wrong data is refused with what is wrong and nothing on stdout', async () => {
  const refused = async (...argv: string[]) => {
    const { code, out, err } = await hone('evaluate', ...argv);
    expect(out).toBe('');
    return { code, err: err.replace(/\s+/g, ' ') };
  };
  expect(await refused('tiny/1', '--data', 'none.parquet')).toMatchObject({ code: 2 });
  const unlabelled = await refused('tiny/1', '--data', 'unlabelled.parquet');
  expect(unlabelled).toMatchObject({ code: 2 });
  expect(unlabelled.err).toContain('none of its 4000 rows has a usable value in the label column y');
  expect((await refused('tiny/1', '--data', 'later.parquet')).err).toContain('it holds no row before');
  expect((await refused('tiny/1', '--data', 'short.parquet')).err).toContain('"x"');
  expect((await refused('tiny/9', '--data', 'rows.parquet')).err).toContain('9');
  expect((await refused('tiny/1', '--against', 'flights-delay/1', '--data', 'rows.parquet')).code).toBe(2);
  await writeFile(join(dir, 'broken.parquet'), 'PAR1 not');
  expect((await refused('tiny/1', '--data', 'broken.parquet')).err).toContain('broken.parquet');
  expect(await readFile(join(dir, 'broken.parquet'), 'utf8')).toBe('PAR1 not');
});

test('an incumbent outside hone is compared by the column of its scores, with rows weighed by another column', async () => {
  const file = join(dir, 'config', 'models', 'tiny.yaml');
  const asked = async (gate: string, ...argv: string[]) => {
    await writeFile(file, FILE.replace('gate:\n', `gate:\n  ${gate}\n`));
    const said = await hone('evaluate', 'tiny/1', '--data', 'beside.parquet', ...argv);
    await writeFile(file, FILE);
    return said;
  };
  const { report } = JSON.parse((await asked('incumbent: legacy', '--json')).out);
  expect(report.models.champion).toMatchObject({ version: null, mean_prediction: expect.closeTo(0.5, 2) });
  // The same order of scores: only probabilities differ.
  expect(report.improvement.over_champion.roc_auc.estimate).toBeCloseTo(0, 6);
  expect(report.improvement.over_champion.log_loss.lower).toBeGreaterThan(0);
  expect(report.footprint.champion).toBeNull();
  const { config } = modelOf(await loadWorkspace(dir), 'tiny');
  const judged = judge(
    report,
    { ...config, gate: { ...config.gate, metrics: {} } },
    { first: true, trigger: 'manual' },
  );
  expect(judged).toMatchObject({ verdict: 'pass', as: 'first' });
  expect(judged.sentence).toMatch(/for the incumbent: .* What serves today goes on\. A person has to approve it\.$/);
  expect(judged.person.join()).toContain('what serves today is outside hone');

  expect((await asked('incumbent: legacy')).out).toMatch(
    /against\s+the\s+incumbent:\s+judged[\s\S]*INCUMBENT[\s\S]*The\s+incumbent\s+says\s+0\.\d+/,
  );

  const weighed = JSON.parse((await asked('weights: { business: amount }', '--json')).out).report;
  expect(weighed.weights).toMatchObject({ business: 'amount', propensity: null });
  expect(weighed.weights.effective_rows).toBeGreaterThan(3800);
  expect(weighed.weights.effective_rows).toBeLessThan(4000);

  const refused = await asked('incumbent: amount');
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err.replace(/\s+/g, ' ')).toContain('4000 judged rows have no usable value in amount');
});
