/**
 * The flights of 2013 week by week with the shipped file: seasons pass, and nothing but seasons. What came true is drawn from
 * the model's own scores, so that quality holds by construction and every run asked for would be a false one.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { loadWorkspace } from '../../src/config/load.ts';
import { withDuckDb } from '../../src/data/engine.ts';
import { read } from '../../src/drift/profile.ts';
import type { TickReport } from '../../src/monitoring/contract.ts';
import { tick } from '../../src/monitoring/tick.ts';
import { championState, logFlights, model, openTown, type Town } from './flights-log.ts';

const WEEK = 7 * 86_400_000;
const months = Array.from({ length: 12 }, (_, i) => String(i + 1).padStart(2, '0'));
const drawn = { arrived_late: "(hash(flight_id, 'drawn') % 1000000) / 1e6 < score" };
const shipped = (await loadWorkspace(fileURLToPath(new URL('../../', import.meta.url)))).models.get(model)!.config;
/** New labels ask for a run by themselves; that is no false alarm. */
const config = { ...shipped, triggers: { ...shipped.triggers, volume: null } };
const towns: Town[] = [];
afterAll(() => Promise.all(towns.map((town) => town.close())));

async function looks(lastYear: boolean): Promise<TickReport[]> {
  const town = await openTown(months);
  towns.push(town);
  const year = { from: '2013-02-01', to: '2013-12-31' };
  await logFlights(town, { ...year, change: drawn });
  if (lastYear) await logFlights(town, { ...year, daysBack: 364, labels: false });
  const holdout = await fairHoldout(town);
  const place = { ...town, config, state: championState('2013-02-01T00:00:00.000Z'), holdout };
  const reports: TickReport[] = [];
  for (let now = Date.parse('2013-02-16'); now < Date.parse('2013-12-31'); now += WEEK) {
    const asOf = new Date(now).toISOString();
    reports.push(await tick({ ...place, asOf, cacheDir: `${town.dir}/cache`, workDir: town.dir }));
  }
  return reports;
}

/** What the model reaches where its scores are the truth. */
async function fairHoldout(town: Town): Promise<Town['holdout']> {
  const found = await withDuckDb({ tempDir: town.dir }, (db) =>
    read(
      db,
      `SELECT -avg(score * ln(score) + (1 - score) * ln(1 - score)), -avg(score * ln(0.2325) + (1 - score) * ln(0.7675))
       FROM '${town.dir}/flights.parquet'`,
    ),
  );
  const [own, constant] = found.map(([value]) => Number(value));
  return { ...town.holdout, skill: 1 - (own ?? 0) / (constant ?? 1), log_loss: own ?? 0 };
}

const triggers = (reports: readonly TickReport[]) =>
  reports.flatMap(({ as_of, actions }) =>
    actions.flatMap((one) => (one.kind === 'trigger' ? [`${as_of.slice(0, 10)} ${one.trigger}`] : [])),
  );
const moved = (reports: readonly TickReport[], column: string) =>
  reports.filter(({ findings }) => findings.some(({ subject, state }) => subject === column && state === 'moved'))
    .length;
const opened = (reports: readonly TickReport[]) =>
  reports.flatMap(({ actions }) =>
    actions.filter((one) => one.kind === 'alert' && one.incident === 'drift-features' && one.status === 'opened'),
  ).length;

test('without a last year the weeks before are the reference: temperature moves for half of the year, is told, and starts no run', async () => {
  const reports = await looks(false);
  expect(reports).toHaveLength(46);
  expect(triggers(reports)).toEqual([]);
  expect(moved(reports, 'temp_f')).toBeGreaterThan(15);
  expect(opened(reports)).toBeLessThan(reports.length / 4);
}, 1_200_000);

test('with the same weeks of last year as reference the season is no move, and nothing starts', async () => {
  const reports = await looks(true);
  expect(triggers(reports)).toEqual([]);
  expect(moved(reports, 'temp_f')).toBe(0);
  expect(opened(reports)).toBeLessThan(5);
}, 1_200_000);
