/** What a monitoring tick found and wants done. Stored at `models/<model>/monitoring/ticks/<as_of>.json`. */
import { z } from 'zod';
import { driftReport, driftVerdict, picture } from '../drift/contract.ts';
import { instant, versionNumber } from '../registry/contract.ts';
import { serviceReading } from '../serving/contract.ts';
import { interval } from '../statistics/contract.ts';

const window = z.strictObject({ from: instant, to: instant });
export type Window = z.output<typeof window>;

/** The champion's figures on its own clean holdout; `baselineRate` is the label rate (or mean) of its training rows. */
export const holdout = z.strictObject({
  skill: z.number(),
  log_loss: z.number().nullable(),
  roc_auc: z.number().nullable(),
  baselineRate: z.number(),
  /** Several classes: share of each among the champion's training rows, in signature order. */
  class_rates: z.array(z.number()).optional(),
});
export type Holdout = z.output<typeof holdout>;

export const findingKind = z.enum([
  'input',
  'skew',
  'log',
  'drift',
  'prediction',
  'performance',
  'calibration',
  'volume',
  'age',
  'kpi',
  'proxy',
  'error_stream',
  'service',
  'after_shift',
]);

/** `broken`: the input cannot be trusted. `moved`: beyond limit and noise in enough windows. `seen`: in fewer windows. */
export const findingState = z.enum(['broken', 'moved', 'seen', 'stable', 'not_judged']);
export type FindingState = z.output<typeof findingState>;

export const finding = z.strictObject({
  kind: findingKind,
  /** The column, or the figure: `skill`, `calibration_in_the_large`. */
  subject: z.string(),
  state: findingState,
  value: z.number().nullable(),
  limit: z.number().nullable(),
  rows: z.number().int().nonnegative(),
  window,
  /** How many of the last windows were beyond the limit, were judged, and are needed. */
  windows: z.strictObject({
    beyond: z.number().int(),
    judged: z.number().int(),
    need: z.number().int(),
    of: z.number().int(),
  }),
  sentence: z.string(),
  /** Start of the oldest window that was beyond the limit; of a finding that asks for a run. */
  since: instant.optional(),
  /** A feature that moved against its reference, but not against the same weeks last year. */
  last_year: z.literal('inside').optional(),
});
export type Finding = z.output<typeof finding>;

export const severity = z.enum(['info', 'warn', 'page']);

/** What must be attended to, by a key that stays the same while it lasts. */
export const alert = z.strictObject({
  incident: z.string(),
  severity,
  sentence: z.string(),
  subjects: z.array(z.string()),
});
export type Alert = z.output<typeof alert>;

/** Change of an incident, at `models/<model>/monitoring/incidents/<incident>/<as_of>.json`; the last one is its state. */
export const incidentChange = alert.extend({
  status: z.enum(['opened', 'updated', 'resolved']),
  as_of: instant,
  opened_at: instant,
});
export type IncidentChange = z.output<typeof incidentChange>;

export const tickTrigger = z.enum(['performance', 'calibration', 'drift', 'volume', 'age']);
export type TickTrigger = z.output<typeof tickTrigger>;

const trigger = z.strictObject({
  kind: z.literal('trigger'),
  trigger: tickTrigger,
  reason: z.string(),
  /** Numbers behind the reason, for the run's record and the packet. */
  evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])),
});
const note = z.strictObject({ kind: z.literal('note'), sentence: z.string() });
const alerting = incidentChange.pick({ incident: true, severity: true, sentence: true, status: true }).extend({
  kind: z.literal('alert'),
});
export const tickAction = z.discriminatedUnion('kind', [trigger, alerting, note]);
export type TickAction = z.output<typeof tickAction>;
export type TriggerAction = z.output<typeof trigger>;

/** One performance window: predictions of the champion whose labels have had their time. */
export const performanceWindow = z.strictObject({
  window,
  /** Predictions, and those of them that count with a label. */
  rows: z.number().int().nonnegative(),
  labelled: z.number().int().nonnegative(),
  coverage: z.number().nullable(),
  label_rate: z.number().nullable(),
  mean_prediction: z.number().nullable(),
  log_loss: z.number().nullable(),
  roc_auc: z.number().nullable(),
  skill: interval.nullable(),
  calibration: interval.nullable(),
  not_judged: z.string().nullable(),
});
export type PerformanceWindow = z.output<typeof performanceWindow>;

/** One week of a business figure. */
const seriesWindow = z.strictObject({
  window,
  /** Null where nothing was reported, or, for a figure a prediction, nothing was predicted. */
  value: z.number().nullable(),
  records: z.number().int().nonnegative(),
});
export type SeriesWindow = z.output<typeof seriesWindow>;

/** A KPI or proxy against its own past, beside quality. */
export const seriesReport = z.strictObject({
  name: z.string(),
  role: z.enum(['kpi', 'proxy']),
  per: z.enum(['record', 'prediction']),
  worse: z.enum(['higher', 'lower']),
  /** Mean of the past weeks; null where fewer than four are known. */
  usual: z.number().nullable(),
  limit: z.number().nullable(),
  /** How far one more week would stray from `usual` by chance, one-sided 95 %. */
  noise: z.number().nullable(),
  past_weeks: z.number().int().nonnegative(),
  /** Newest first: three judged, then the past. */
  windows: z.array(seriesWindow),
});
export type SeriesReport = z.output<typeof seriesReport>;

/** One prediction server as it was seen; `reading` is null where it is silent, or too old to say. */
const serviceNode = z.strictObject({
  node: z.string(),
  at: instant,
  silent: z.boolean(),
  reading: serviceReading.nullable(),
});
export type ServiceNode = z.output<typeof serviceNode>;

export const tickReport = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  as_of: instant,
  champion: versionNumber.nullable(),
  promoted_at: instant.nullable(),
  holdout: holdout.nullable(),
  findings: z.array(finding),
  actions: z.array(tickAction),
  /** Keys of the incidents that are open after this tick. */
  open_incidents: z.array(z.string()),
  /** The newest drift window. */
  drift: driftReport.nullable(),
  drift_verdict: driftVerdict,
  /** Of that window: the columns farthest beyond their limits. Left out by looks of before pictures were kept. */
  pictures: z.record(z.string(), picture).optional(),
  /** Newest first. */
  performance: z.array(performanceWindow),
  /** KPIs and proxies; left out where the model file names none. */
  business: z.array(seriesReport).optional(),
  /** The prediction servers, apart from the model. */
  service: z.array(serviceNode).optional(),
  sentence: z.string(),
});
export type TickReport = z.output<typeof tickReport>;

export const probationReport = z.strictObject({
  verdict: z.enum(['confirm', 'worse', 'undecided']),
  metric: z.string(),
  champion: versionNumber,
  predecessor: versionNumber.nullable(),
  /** Where the predecessor's scores come from; a demotion may only rest on `shadow`. */
  basis: z.enum(['shadow', 'rescored']).nullable(),
  margin: z.number(),
  /** Improvement of the champion over the predecessor at the level of this look. */
  improvement: interval.nullable(),
  look: z.number().int().nonnegative(),
  rows: z.number().int().nonnegative(),
  blocks: z.number().int().nonnegative(),
  window,
  matured_days: z.number().int().nonnegative(),
  /** Labels have matured for as long as the configuration asks. */
  over: z.boolean(),
  sentence: z.string(),
});
export type ProbationReport = z.output<typeof probationReport>;
