/** Business figures against their own past: KPIs and proxies by whole weeks, acting when 2 of the last 3 are worse. */
import type { ModelConfig } from '../../config/model.ts';
import type { SeriesConfig } from '../../config/sections/monitoring.ts';
import { referenceQuantile } from '../../statistics/distributions.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Finding, SeriesReport, SeriesWindow } from '../contract.ts';
import { lastWindows, startOfDay } from '../windows.ts';
import { seriesFinding } from './series-sentences.ts';
import { weeklyValues } from './series-weeks.ts';

/** The weeks that are judged, how many of them must agree, and how many before them are their past. */
const judgedWeeks = { need: 2, of: 3 } as const;
const pastWeeks = { most: 12, least: 4 } as const;
const level = 0.05;

export interface SeriesRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
}

export interface SeriesCheck {
  readonly findings: readonly Finding[];
  readonly reports: readonly SeriesReport[];
}

type SeriesRole = SeriesReport['role'];

export async function checkSeries(request: SeriesRequest): Promise<SeriesCheck | null> {
  const { store, config, asOf, cacheDir, workDir } = request;
  const named = seriesOf(config);
  if (named.length === 0) return null;
  const weeks = lastWindows(startOfDay(Date.parse(asOf)), 'P7D', judgedWeeks.of + pastWeeks.most);
  const values = await weeklyValues({
    store,
    model: config.model,
    series: named.map(({ series }) => series),
    sample: config.monitoring.log.sample,
    asOf,
    weeks,
    cacheDir,
    workDir,
  });
  const judged = named.map(({ role, series }) =>
    judgeSeries(role, series, values.get(series.name) ?? [], config.owner),
  );
  return { findings: judged.map(({ finding }) => finding), reports: judged.map(({ report }) => report) };
}

function seriesOf(config: ModelConfig): { role: SeriesRole; series: SeriesConfig }[] {
  const { kpis, proxies = [] } = config.monitoring;
  return [
    ...kpis.map((series) => ({ role: 'kpi' as const, series })),
    ...proxies.map((series) => ({ role: 'proxy' as const, series })),
  ];
}

/**
 * A week is worse when it lies beyond the limit of the file, and beyond what one more week of the past would reach by
 * chance: the one-sided 95 % prediction bound of Student's t from the spread of the past weeks. The judged weeks are not
 * part of their past.
 *
 * @param weeks newest first, judged weeks and past
 */
export function judgeSeries(
  role: SeriesRole,
  series: SeriesConfig,
  weeks: readonly SeriesWindow[],
  owner: string,
): { finding: Finding; report: SeriesReport } {
  const past = weeks.slice(judgedWeeks.of, judgedWeeks.of + pastWeeks.most).flatMap(({ value }) => value ?? []);
  const usual = past.length < pastWeeks.least ? null : mean(past);
  const sign = series.worse === 'higher' ? 1 : -1;
  const limit = usual === null ? null : usual + sign * Math.abs(usual * series.alert_at);
  const noise = usual === null ? null : predictionHalfWidth(past, usual);
  const worse = weeks.slice(0, judgedWeeks.of).map(({ value }) => {
    if (value === null || usual === null || limit === null || noise === null) return null;
    return sign * (value - limit) > 0 && sign * (value - usual) > noise;
  });
  const report: SeriesReport = {
    name: series.name,
    role,
    per: series.per ?? 'record',
    worse: series.worse,
    usual,
    limit,
    noise,
    past_weeks: past.length,
    windows: weeks.slice(0, judgedWeeks.of + pastWeeks.most),
  };
  return { report, finding: seriesFinding(report, worse, judgedWeeks, owner) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Half width of the prediction interval of one more value: t · s · √(1 + 1/k). */
function predictionHalfWidth(past: readonly number[], centre: number): number {
  const variance = past.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (past.length - 1);
  return referenceQuantile(1 - level, past.length - 1) * Math.sqrt(variance * (1 + 1 / past.length));
}
