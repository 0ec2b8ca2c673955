/** The numbers of other tools, and of scipy, column by column: fixtures/make_definitions.py says where they come from. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import { type Comparison, compareWindows } from '../../src/drift/compare.ts';
import { documentOf, driftDocument } from '../../src/drift/document.ts';

interface Case<Tool> {
  readonly name: string;
  readonly rows: [number, number];
  readonly reference: string;
  readonly current: string;
  readonly columns: Record<string, { tool: Tool; scipy: Scipy | null }>;
}
interface Scipy {
  readonly ks_statistic: number;
  readonly ks_p_value: number;
  readonly wasserstein_distance: number;
}
interface Evidently {
  readonly refuses?: string;
  readonly method: string;
  readonly score: number;
  readonly threshold: number;
  readonly moved: boolean;
  readonly psi: number | null;
  readonly js_distance: number | null;
  readonly wasserstein_distance: number | null;
}
interface Nannyml {
  readonly refuses?: string;
  readonly chunks: (number | null)[];
  readonly threshold: number | null;
  readonly alerts: number;
  readonly jensen_shannon: number | null;
  readonly kolmogorov_smirnov?: number | null;
  readonly wasserstein?: number | null;
  readonly chi2?: number | null;
}
const fixture = <Tool>(file: string): Case<Tool>[] =>
  JSON.parse(readFileSync(new URL(`fixtures/${file}.json`, import.meta.url), 'utf8')).cases;
const evidently = fixture<Evidently>('evidently');
const nannyml = fixture<Nannyml>('nannyml');

let workDir: string;
beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), 'hone-definitions-'));
});
afterAll(() => rm(workDir, { recursive: true, force: true }));

async function compare(one: Case<unknown>, definition: 'hone' | 'evidently' | 'nannyml'): Promise<Comparison> {
  const folder = join(workDir, `${definition} ${one.name}`);
  const [before, after] = [join(folder, 'before.parquet'), join(folder, 'after.parquet')];
  await withDuckDb({ tempDir: folder }, async (db) => {
    await db.run(`COPY (${one.reference}) TO '${before}' (FORMAT parquet)`);
    await db.run(`COPY (${one.current}) TO '${after}' (FORMAT parquet)`);
  });
  return compareWindows(before, after, { workDir: folder, definition });
}

/** Equal to the last digits that a double and a sum in another order leave. */
function expectEqual(found: number | null | undefined, wanted: number | null, what: string, relative = 1e-9): void {
  if (wanted === null) {
    expect(found, what).toBeNull();
    return;
  }
  expect(Math.abs((found ?? Number.NaN) - wanted), `${what}: ${found} for ${wanted}`).toBeLessThanOrEqual(
    relative * Math.max(Math.abs(wanted), 1e-3),
  );
}

test.each(evidently)("the numbers are Evidently's own: $name", async (one) => {
  const { columns } = (await compare(one, 'evidently')).report;
  for (const [name, { tool, scipy }] of Object.entries(one.columns)) {
    const drift = columns[name]!;
    if (tool.refuses !== undefined || tool.method.includes('text')) {
      expect(drift, name).toMatchObject({ verdict: 'not_judged', psi: null, threshold: null });
      continue;
    }
    // pandas keeps the spread of a float32 column in float32
    const relative = name === 'single' ? 1e-6 : 1e-9;
    expect(drift.verdict, `${name}: ${drift.sentence}`).toBe(tool.moved ? 'moved' : 'stable');
    expect(drift.threshold, name).toBe(tool.threshold);
    expect(drift.sentence).toContain(tool.method);
    expectEqual(drift.psi, tool.psi, `${name} psi`);
    expectEqual(drift.js_distance, tool.js_distance, `${name} js_distance`);
    if (tool.wasserstein_distance !== null) {
      expectEqual(drift.wasserstein_distance, tool.wasserstein_distance, `${name} wasserstein_distance`, relative);
    }
    if (tool.method.endsWith('p_value')) expectEqual(drift.p_value, tool.score, `${name} p`, 1e-6);
    if (scipy !== null && drift.ks_statistic !== null)
      expectEqual(drift.ks_statistic, scipy.ks_statistic, `${name} ks`);
  }
});

test.each(nannyml)("the numbers are NannyML's own: $name", async (one) => {
  const { columns } = (await compare(one, 'nannyml')).report;
  for (const [name, { tool }] of Object.entries(one.columns)) {
    const drift = columns[name]!;
    const known = tool.chunks?.filter((value) => value !== null) ?? [];
    if (tool.refuses !== undefined || known.length === 0) {
      expect(drift, name).toMatchObject({ verdict: 'not_judged', js_distance: null, threshold: null });
      continue;
    }
    expectEqual(drift.threshold, tool.threshold, `${name} threshold`, 1e-6);
    expectEqual(drift.js_distance, tool.jensen_shannon, `${name} js_distance`, 1e-6);
    expect(drift.verdict, `${name}: ${drift.sentence}`).toBe(tool.alerts > 0 ? 'moved' : 'stable');
    expect(drift.sentence).toContain(`${tool.alerts} of ${tool.chunks.length} chunks`);
    expect(drift.sentence).toContain(`of a chunk ${Math.max(...known).toPrecision(6)}`);
    if (tool.kolmogorov_smirnov !== undefined) expectEqual(drift.ks_statistic, tool.kolmogorov_smirnov, `${name} ks`);
    if (tool.wasserstein !== undefined) expectEqual(drift.wasserstein_distance, tool.wasserstein, `${name} w`, 1e-6);
    if (tool.chi2 !== undefined) expectEqual(drift.chi_squared, tool.chi2, `${name} chi2`);
  }
});

test.each(evidently)("hone's own distances over values equal scipy's: $name", async (one) => {
  const { report, reference, current } = await compare(one, 'hone');
  driftDocument.parse(documentOf(report));
  for (const [name, { scipy }] of Object.entries(one.columns)) {
    const drift = report.columns[name]!;
    expect(JSON.stringify(drift)).not.toMatch(/NaN|Infinity/);
    if (scipy === null) continue;
    const profiles = [reference.columns[name]?.profile, current.columns[name]];
    // Beyond 9,500 values a column is kept as a grid of 4,096 cells.
    const exact = profiles.every((profile) => profile?.kind === 'numeric' && profile.fine.kind === 'exact');
    if (exact) expectEqual(drift.ks_statistic, scipy.ks_statistic, `${name} ks`);
    else expect(Math.abs((drift.ks_statistic ?? 1) - scipy.ks_statistic), `${name} ks`).toBeLessThan(5e-4);
    expectEqual(drift.wasserstein_distance, scipy.wasserstein_distance, `${name} w`, exact ? 1e-9 : 1e-3);
  }
  const { another_value, one_value, null_now, unseen, never } = report.columns;
  expect(one_value?.verdict).toBe('stable');
  expect(never).toMatchObject({ verdict: 'not_judged', missing: { reference: 1, current: 1 } });
  const moves = one.name !== 'thousands, not moved';
  expect(another_value?.verdict).toBe(moves ? 'moved' : 'stable');
  expect(null_now).toMatchObject({ verdict: moves ? 'moved' : 'stable', missing: { current: moves ? 1 : 0 } });
  const few = Math.min(...one.rows) < 100;
  expect(unseen?.new_categories).toEqual(moves && !few ? ['new'] : []);
  expect(another_value).toMatchObject({ noise_from: few ? 'permutation' : 'formula' });
});
