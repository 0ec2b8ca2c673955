/** Reads log and labels of the champion once and turns them into findings. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { type Connection, withDuckDb } from '../data/engine.ts';
import type { DriftReport, Picture, ReferenceProfile } from '../drift/contract.ts';
import { read } from '../drift/profile.ts';
import { predictionColumn } from '../drift/reference.ts';
import { whole } from '../drift/sentences.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { judgeClasses } from './checks/class-performance.ts';
import { checkDrift } from './checks/drift-check.ts';
import { checkErrorStream } from './checks/error-stream.ts';
import { checkGrowth, volumeFrom } from './checks/growth-check.ts';
import { checkInput } from './checks/input-quality.ts';
import { compareWithLastYear } from './checks/last-year.ts';
import { type MaturedRows, maturedRows } from './checks/matured-rows.ts';
import { judgeWindow } from './checks/performance.ts';
import { calibrationFinding, skillFinding } from './checks/quality-check.ts';
import { chooseReference, firstPredictions, referenceSpans } from './checks/reference-choice.ts';
import type { Finding, Holdout, PerformanceWindow, Window } from './contract.ts';
import { labelsAsOf } from './labels/labels.ts';
import { type LogTable, openLogTable } from './log/log-table.ts';
import { readLog } from './log/prediction-log.ts';
import { type AfterShift, checkAfterShift } from './playbook/after-shift.ts';
import { DAY, lastWindows, matureBefore, startOfDay } from './windows.ts';

export interface Observation {
  readonly findings: readonly Finding[];
  readonly acting: readonly string[];
  /** The last day had enough rows to tell whether an input is broken. */
  readonly inputJudged: boolean;
  readonly drift: DriftReport | null;
  readonly pictures: Readonly<Record<string, Picture>>;
  /** Newest first, of the longer of the two triggers' lists. */
  readonly performance: readonly PerformanceWindow[];
}

export interface ObserveRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly champion: number;
  /** Only predictions from then on are the champion's own; null: all of them. */
  readonly promotedAt: string | null;
  readonly asOf: string;
  readonly training: ReferenceProfile | null;
  readonly holdout: Holdout | null;
  /** Share of the whole by feature, where the version says it. */
  readonly importance?: Readonly<Record<string, number>> | undefined;
  /** The shift in whose middle the champion was trained, while it is watched more closely. */
  readonly after?: Pick<AfterShift, 'shift' | 'fitEnd'> | undefined;
  /** False while an input incident is open. */
  readonly healthy: boolean;
  readonly cacheDir: string;
  readonly workDir: string;
}

export async function observe(request: ObserveRequest): Promise<Observation> {
  const { config, champion, asOf, training, workDir } = request;
  const spans = spansOf(config, asOf);
  const { paths, lastYear, labels, oldest } = await readSources(request, spans);
  const since = request.promotedAt === null ? 0 : Date.parse(request.promotedAt);
  return withDuckDb({ tempDir: workDir, threads: 1 }, async (db) => {
    const of = (kind: string): string[] =>
      Object.entries(training?.columns ?? {})
        .filter(([name, { profile }]) => profile.kind === kind && name !== predictionColumn)
        .map(([name]) => name);
    const range = { from: Math.max(oldest, since), to: Date.parse(asOf) };
    const features = { numeric: of('numeric'), categorical: of('categorical') };
    const log = await openLogTable(db, { paths, version: champion, ...range, ...features, name: 'champion_log' });
    if (log === null) return nothingLogged(config, spans);

    const seen = await observeFeatures(db, request, { log, paths: [...lastYear, ...paths], spans, since });
    const silence = await checkSilence(db, log, spans.lastDay);
    const judge = await performanceJudge(db, request, { log, labels, since, to: spans.mature });
    const [skill, calibration] = [spans.skill.map(judge), spans.calibration.map(judge)];
    const quality = [skillFinding(skill, config, request.holdout), calibrationFinding(calibration, config)];
    const { promotedAt } = request;
    const stream = { config, log, labels, from: since, to: spans.mature, newest: spans.skill[0]! };
    const errors = await checkErrorStream(db, stream);
    const known = { config, asOf, paths, labels };
    const growth = promotedAt === null ? [] : await checkGrowth(db, { ...known, promotedAt });
    const { after } = request;
    const again =
      after === undefined || promotedAt === null
        ? []
        : await checkAfterShift(db, { ...known, ...after, champion, promotedAt });
    return {
      ...seen,
      findings: [...silence, ...seen.findings, ...quality, ...errors, ...growth, ...again],
      performance: skill.length >= calibration.length ? skill : calibration,
    };
  });
}

type Spans = ReturnType<typeof spansOf>;

/** Fetches log and labels once, as far back as any check looks. */
async function readSources(request: ObserveRequest, spans: Spans) {
  const { store, config, promotedAt, asOf, cacheDir, after } = request;
  const reach = referenceSpans(config, spans.drift);
  const wanted = config.monitoring.references.drift;
  const windows = [
    ...spans.drift,
    ...spans.skill,
    ...spans.calibration,
    ...(wanted === 'training' ? [] : [reach.trailing]),
  ];
  const volume = config.triggers.volume !== null && promotedAt !== null ? [volumeFrom(config, promotedAt)] : [];
  const shift = after === undefined ? [] : [Date.parse(after.shift.since)];
  const oldest = Math.min(...windows.map(({ from }) => Date.parse(from)), ...volume, ...shift);
  const from = new Date(oldest).toISOString();
  const paths = await readLog(store, config.model, { from, to: asOf, cacheDir });
  const lastYear =
    wanted === 'same_period_last_year_else_trailing_healthy'
      ? await readLog(store, config.model, { ...reach.lastYear, cacheDir })
      : [];
  const acceptWithin = config.monitoring.labels?.accept_within;
  const accept = acceptWithin === undefined ? {} : { acceptWithin };
  const labels = await labelsAsOf(store, config.model, { asOf, from, log: paths, cacheDir, ...accept });
  return { paths, lastYear, labels: labels.path, oldest };
}

function spansOf(config: ModelConfig, asOf: string) {
  const { performance, calibration } = config.triggers;
  const mature = matureBefore(asOf, config.data.label.mature_after);
  const today = startOfDay(Date.parse(asOf));
  const day = { from: new Date(Date.parse(asOf) - DAY).toISOString(), to: new Date(Date.parse(asOf)).toISOString() };
  return {
    mature,
    lastDay: day,
    drift: lastWindows(today, config.monitoring.drift.window, config.monitoring.drift.of.of),
    skill: lastWindows(mature, performance.window, performance.of.of),
    calibration: lastWindows(mature, calibration.window, calibration.of.of),
  };
}

async function observeFeatures(
  db: Connection,
  request: ObserveRequest,
  input: { log: LogTable; paths: readonly string[]; spans: Spans; since: number },
): Promise<Pick<Observation, 'findings' | 'acting' | 'inputJudged' | 'drift' | 'pictures'>> {
  const { config, training } = request;
  const { log, since } = input;
  const { drift: windows, lastDay } = input.spans;
  if (training === null) return { findings: [], acting: [], inputJudged: false, drift: null, pictures: {} };
  const broken = await checkInput(db, {
    ...{ config, reference: training, log, window: lastDay },
    importance: request.importance,
  });
  const healthy = request.healthy && (broken ?? []).length === 0;
  let reference = await chooseReference(db, { config, training, paths: input.paths, windows, healthy });
  if (reference.columns[predictionColumn] === undefined) {
    const length = durationMs(config.monitoring.drift.window);
    const first = Math.ceil(since / DAY) * DAY;
    const window = { from: new Date(first).toISOString(), to: new Date(first + length).toISOString() };
    const own =
      since > 0 && first + length <= Date.parse(windows[0]!.from) ? await firstPredictions(db, log, window) : null;
    if (own !== null) reference = { ...reference, columns: { ...reference.columns, [predictionColumn]: own } };
  }
  const { store, cacheDir, importance } = request;
  const judged = { config, log, windows, notBefore: since, importance };
  const drift = await checkDrift(db, { ...judged, reference });
  const season = { ...judged, training, healthy, store, cacheDir };
  const findings = await compareWithLastYear(db, season, drift.findings);
  const seasonal = new Set(findings.filter(({ last_year }) => last_year === 'inside').map(({ subject }) => subject));
  return {
    findings: [...(broken ?? []), ...findings],
    acting: drift.acting.filter((name) => !seasonal.has(name)),
    inputJudged: broken !== null,
    drift: drift.reports[0] ?? null,
    pictures: drift.pictures,
  };
}

/** Reads the matured rows once; each window takes its own from them. */
async function performanceJudge(
  db: Connection,
  request: ObserveRequest,
  input: { log: LogTable; labels: string; since: number; to: number },
): Promise<(window: Window) => PerformanceWindow> {
  const { config, holdout } = request;
  const severalClasses = config.task === 'multiclass';
  const query = { ...input, from: input.since, ifNever: config.data.label.if_never, severalClasses };
  const all = await maturedRows(db, query);
  const judge = (rows: MaturedRows, window: Window): PerformanceWindow =>
    severalClasses
      ? judgeClasses(rows, window, config, holdout?.class_rates ?? null)
      : judgeWindow(rows, window, config, holdout?.baselineRate ?? null);
  const judged = new Map<string, PerformanceWindow>();
  return (window) => {
    const key = `${window.from}/${window.to}`;
    const own = Date.parse(window.from) >= input.since ? window : { from: window.to, to: window.to };
    const found = judged.get(key) ?? judge(within(all, own), window);
    judged.set(key, found);
    return found;
  };
}

function within(rows: MaturedRows, { from, to }: Window): MaturedRows {
  const first = lowerBound(rows.eventTime, Date.parse(from));
  const last = lowerBound(rows.eventTime, Date.parse(to));
  return {
    rows: last - first,
    eventTime: rows.eventTime.subarray(first, last),
    prediction: rows.prediction.subarray(first, last),
    label: rows.label.subarray(first, last),
    id: rows.id.slice(first, last),
    ...(rows.classes
      ? {
          classes: {
            ofLabel: rows.classes.ofLabel.subarray(first, last),
            right: rows.classes.right.subarray(first, last),
          },
        }
      : {}),
  };
}

function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A model that was asked yesterday and is not asked today is a fault of somebody's. */
async function checkSilence(db: Connection, log: LogTable, window: Window): Promise<Finding[]> {
  const start = Date.parse(window.from);
  const [today, before] = await read(
    db,
    `SELECT (count(*) FILTER (_t >= ${start}))::DOUBLE, (count(*) FILTER (_t < ${start} AND _t >= ${start - 7 * DAY}))::DOUBLE FROM ${log.relation}`,
  );
  if (Number(today?.[0]) > 0 || Number(before?.[0]) === 0) return [];
  return [
    {
      kind: 'log',
      subject: 'requests',
      state: 'broken',
      value: 0,
      limit: 1,
      rows: 0,
      window,
      windows: { beyond: 1, judged: 1, need: 1, of: 1 },
      sentence: `No prediction was logged in the 24 hours before ${window.to}, ${whole(Number(before?.[0]))} in the 7 days before. Look at the callers and at the prediction servers (GET /ready, .hone/logs/serving.log).`,
    },
  ];
}

function nothingLogged(config: ModelConfig, spans: Spans): Observation {
  const empty = {
    rows: 0,
    eventTime: new Float64Array(),
    prediction: new Float64Array(),
    label: new Float64Array(),
    id: [],
  };
  const windows = spans.skill.map((window) => judgeWindow(empty, window, config, null));
  return {
    findings: [skillFinding(windows, config, null)],
    acting: [],
    inputJudged: false,
    drift: null,
    pictures: {},
    performance: windows,
  };
}
