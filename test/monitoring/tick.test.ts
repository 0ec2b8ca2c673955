import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordBreak } from '../../src/activities/breaks.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { breakOf } from '../../src/monitoring/checks/confirmed-break.ts';
import { type TickReport, tickReport } from '../../src/monitoring/contract.ts';
import { tick } from '../../src/monitoring/tick.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { championState, logFlights, openTown, type Town } from './flights-log.ts';

const root = resolve(import.meta.dirname, '../..');
const towns: Town[] = [];
const town = async (months?: string[]): Promise<Town> => {
  const opened = await openTown(months);
  towns.push(opened);
  return opened;
};
afterAll(() => Promise.all(towns.map((one) => one.close())));

/** What was told in the looks of this file, by incident and status; the first of each. */
const told = new Map<string, string>();
async function look(
  place: Town,
  asOf: string,
  promotedAt = '2013-02-01T00:00:00.000Z',
  config: ModelConfig = place.config,
): Promise<TickReport> {
  const report = await tick({
    ...place,
    config,
    state: championState(promotedAt),
    asOf,
    cacheDir: `${place.dir}/cache`,
    workDir: place.dir,
  });
  for (const action of report.actions) {
    if (action.kind !== 'alert') continue;
    const key = `${action.incident}, ${action.severity}, ${action.status}`;
    if (!told.has(key)) told.set(key, action.sentence);
  }
  return report;
}
const finding = (report: TickReport, subject: string) => report.findings.find((one) => one.subject === subject);

let quiet: Town;
beforeAll(async () => {
  quiet = await town(['01', '02', '03', '04']);
  await logFlights(quiet, { from: '2013-02-01', to: '2013-04-15' });
});

test('a quiet month: quality holds, nothing is asked for, and the same tick again is the same report', async () => {
  const before = process.cpuUsage();
  const report = await look(quiet, '2013-03-01T00:00:00Z');
  const { user, system } = process.cpuUsage(before);
  expect(tickReport.parse(report)).toEqual(report);
  expect(report.actions).toEqual([]);
  expect(finding(report, 'skill')?.sentence).toMatch(
    /^Skill holds: skill 0\.04 .*6,225 labelled predictions, 21 to 27 February 2013/,
  );
  expect(finding(report, 'calibration_in_the_large')?.state).toBe('stable');
  expect(report.performance[0]?.coverage).toBeGreaterThan(0.95);
  expect(report.performance.map((one) => one.window.to.slice(0, 10))).toEqual([
    '2013-02-28',
    '2013-02-21',
    '2013-02-14',
  ]);
  expect(await look(quiet, '2013-03-01T00:00:00.000Z')).toEqual(report);
  expect((user + system) / 1e6).toBeLessThan(2); // 0.5 s on a free machine; here others run beside it
});

test('labels that were not known at as_of are not used, and a window without enough of them is not judged', async () => {
  const report = await look(quiet, '2013-02-04T00:00:00Z');
  expect(finding(report, 'skill')).toMatchObject({ state: 'not_judged', rows: 0 });
  expect(finding(report, 'skill')?.sentence).toContain('not judged');
  expect(report.actions).toEqual([]);
});

test('evidence from before the promotion is dropped: the same days say nothing about a newer champion', async () => {
  const report = await look(quiet, '2013-03-02T00:00:00Z', '2013-02-26T00:00:00.000Z');
  expect(finding(report, 'skill')?.state).toBe('not_judged');
  expect(finding(report, 'temp_f')?.state).toBe('not_judged');
});

test('features that move for weeks while quality holds are told once, not retrained on, and end as resolved', async () => {
  const place = await town(['01', '02', '03']);
  const warmer = { temp_f: 'temp_f + 60' };
  await logFlights(place, { from: '2013-02-01', to: '2013-03-04', change: warmer });
  await logFlights(place, { from: '2013-03-04', to: '2013-03-31' });
  const first = await look(place, '2013-03-04T00:00:00Z');
  expect(finding(first, 'temp_f')).toMatchObject({ state: 'moved', windows: { beyond: 3, need: 2, of: 3 } });
  expect(first.actions).toMatchObject([
    { kind: 'alert', incident: 'drift-features', severity: 'warn', status: 'opened' },
    { kind: 'note', sentence: expect.stringContaining('temp_f moved, quality holds, not retraining') },
  ]);
  const next = await look(place, '2013-03-05T00:00:00Z');
  expect(next.actions.filter(({ kind }) => kind === 'alert')).toEqual([]);
  expect(next.open_incidents).toEqual(['drift-features']);
  const later = await look(place, '2013-03-31T00:00:00Z');
  expect(later.actions).toMatchObject([
    { kind: 'alert', incident: 'drift-features', severity: 'info', status: 'resolved' },
  ]);
  expect(later.open_incidents).toEqual([]);

  const retrain = { ...place.config, triggers: { ...place.config.triggers, drift: { then: 'retrain' as const } } };
  const asked = await look(place, '2013-03-03T00:00:00Z', undefined, retrain);
  expect(asked.actions[0]).toMatchObject({ kind: 'trigger', trigger: 'drift', evidence: { subjects: ['temp_f'] } });
});

test('a feature missing in every third request pages, and nothing retrains while it lasts', async () => {
  const place = await town(['01', '02', '03']);
  await logFlights(place, { from: '2013-02-01', to: '2013-03-01', change: { score: '0.6' } });
  await logFlights(place, {
    from: '2013-03-01',
    to: '2013-03-02',
    change: { score: '0.6', distance_miles: 'CASE WHEN flight_id % 3 = 0 THEN NULL ELSE distance_miles END' },
  });
  const report = await look(place, '2013-03-02T00:00:00Z');
  expect(report.sentence).toMatch(/^Feature distance_miles is missing in 3\d % of requests \(limit 5\.0 %/);
  expect(report.actions.filter(({ kind }) => kind === 'trigger')).toEqual([]);
  expect(report.actions).toContainEqual(
    expect.objectContaining({ kind: 'alert', incident: 'input-distance_miles', severity: 'page', status: 'opened' }),
  );
  expect(report.actions).toContainEqual(
    expect.objectContaining({ kind: 'note', sentence: expect.stringContaining('Not retraining: the input is broken') }),
  );
});

test('predictions far above the label rate ask for runs by calibration and performance, with numbers as evidence', async () => {
  const place = await town(['01', '02', '03']);
  await logFlights(place, { from: '2013-02-01', to: '2013-02-13' });
  await logFlights(place, { from: '2013-02-13', to: '2013-03-01', change: { score: 'least(0.99, score + 0.45)' } });
  const soon = await look(place, '2013-02-21T00:00:00Z');
  expect(finding(soon, 'calibration_in_the_large')?.state).toBe('seen');
  expect(finding(soon, 'calibration_in_the_large')?.sentence).toContain(
    'not yet acting: 1 of the last 3 windows, 2 needed',
  );
  expect(soon.actions.filter(({ kind }) => kind === 'trigger')).toEqual([]);
  const report = await look(place, '2013-03-01T00:00:00Z');
  const triggers = report.actions.flatMap((action) => (action.kind === 'trigger' ? [action] : []));
  expect(triggers.map(({ trigger }) => trigger)).toEqual(['performance', 'calibration']);
  expect(triggers[1]?.evidence).toMatchObject({ limit: 0.05, windows_beyond: 2, windows_needed: 2 });
  expect(triggers[1]?.evidence['value']).toBeGreaterThan(0.2);
  expect(report.sentence).toMatch(/^Asks for a run \(performance\): Skill fell/);

  const { training } = place.config;
  const window = { type: 'since_break' as const, min_rows: 1000, fallback: { type: 'all_history' as const } };
  const sinceBreak = { ...place.config, training: { ...training, window } };
  expect(breakOf(report, sinceBreak)).toEqual({
    ...{ at: '2013-02-14T00:00:00.000Z', source: 'performance', by: 'monitoring' },
    reason: finding(report, 'skill')?.sentence,
  });
  expect(breakOf(soon, sinceBreak)).toBeNull();
  expect(breakOf(report, place.config)).toBeNull();
  for (const config of [place.config, sinceBreak, sinceBreak]) await recordBreak(place.store, report, config);
  expect(await openLedger(place.store, report.model).head()).toMatchObject({
    ...{ seq: 1, actor: 'monitoring', trust: 'system', as_of: report.as_of },
    change: { kind: 'break_confirmed', at: '2013-02-14T00:00:00.000Z', source: 'performance' },
  });
});

test('enough new matured labels ask for a run by volume; requests that stop page', async () => {
  const volume = { ...quiet.config, triggers: { ...quiet.config.triggers, volume: { new_mature_labels: 20_000 } } };
  const report = await look(quiet, '2013-03-02T00:00:00Z', '2013-02-01T00:00:00.000Z', volume);
  expect(report.findings.some(({ kind }) => kind === 'volume')).toBe(true);
  const silent = await look(quiet, '2013-04-17T00:00:00Z');
  expect(silent.sentence).toMatch(/^No prediction was logged in the 24 hours before 2013-04-17/);
  expect(silent.actions[0]).toMatchObject({ kind: 'trigger', trigger: 'volume' });
  expect(silent.actions).toContainEqual(expect.objectContaining({ incident: 'log-silent', severity: 'page' }));
});

test('the weeks before as reference: a slow season is not called a move of every week', async () => {
  const base = quiet.config;
  const references = { ...base.monitoring.references, drift: 'trailing_healthy' as const };
  const config = { ...base, monitoring: { ...base.monitoring, references } };
  const report = await look(quiet, '2013-04-10T00:00:00Z', undefined, config);
  expect(report.drift?.reference.name).toBe('the 28 days before');
  expect(finding(report, 'temp_f')?.sentence).toContain('against the 28 days before');
});

test('two looks at once that saw something else: one report stands, and both return it', async () => {
  const asOf = '2013-03-02T00:00:00Z';
  const request = { ...quiet, state: championState('2013-02-01T00:00:00.000Z'), asOf, workDir: quiet.dir };
  const cacheDir = `${quiet.dir}/cache`;
  const now = (seconds: number) => new Date(Date.parse(asOf) + seconds * 1000).toISOString();
  const [one, other] = await Promise.all([
    tick({ ...request, holdout: null, cacheDir, servers: { records: [], now: now(1) } }),
    tick({
      ...request,
      holdout: { skill: 0.5, log_loss: null, roc_auc: null, baselineRate: 0.2 },
      cacheDir,
      servers: { records: [], now: now(2) },
    }),
  ]);
  expect(one).toEqual(other);
  expect(await look(quiet, asOf)).toEqual(one);
});

test('a model without a champion has nothing to watch', async () => {
  const state = { ...championState('2013-02-01T00:00:00.000Z') };
  const report = await tick({
    ...quiet,
    config: { ...quiet.config, model: 'nobody-yet' },
    state: { ...state, aliases: { ...state.aliases, champion: null } },
    asOf: '2013-03-01T00:00:00Z',
    cacheDir: `${quiet.dir}/cache`,
    workDir: quiet.dir,
  });
  expect(report.sentence).toContain('no champion yet');
});

test('a feature that moved against January but is where it was a year ago is a season: a note, no alert, no run', async () => {
  const place = await town(['01', '02', '03']);
  const warmer = { temp_f: 'temp_f + 60' };
  const weeks = { from: '2013-02-11', to: '2013-03-04', change: warmer };
  await logFlights(place, { ...weeks, daysBack: 364, labels: false });
  await logFlights(place, weeks);
  const retrain = { ...place.config, triggers: { ...place.config.triggers, drift: { then: 'retrain' as const } } };
  const report = await look(place, '2013-03-04T00:00:00Z', undefined, retrain);
  expect(finding(report, 'temp_f')).toMatchObject({ state: 'moved', last_year: 'inside' });
  expect(finding(report, 'temp_f')?.sentence).toMatch(
    /^temp_f moved: .*Inside the band of the same weeks last year\.$/,
  );
  expect(report.actions).toMatchObject([
    {
      kind: 'note',
      sentence: 'temp_f moved, inside the band of the same weeks last year: a season, so nothing is done.',
    },
  ]);
  expect(tickReport.parse(report)).toEqual(report);
});

test('alerts read like this, and the page on alerts quotes them', async () => {
  const lines = [...told].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([key, sentence]) => [`${key}:`, sentence, '']);
  await expect(lines.join('\n')).toMatchFileSnapshot('golden/alerts.txt');
  const page = (await readFile(`${root}/docs/how-to/act-on-an-alert.md`, 'utf8')).replaceAll(/\s+/g, ' ');
  for (const [key, sentence] of told) if (key.endsWith('opened')) expect(page).toContain(sentence);
});
