/** What goes over the wire of the prediction server, into node records and into a version's `feature-definition.json`. */
import { z } from 'zod';
import { columnName } from '../config/values.ts';
import { lookupRef } from '../data/features/lookup-contract.ts';
import { digest, instant, versionNumber } from '../registry/contract.ts';

/** Names of the two files that serving needs in every version manifest. */
export const MODEL_FILE = 'model.onnx';
export const FEATURE_DEFINITION_FILE = 'feature-definition.json';

/** `feature-definition.json`: how a raw row becomes the model's input, and where id, entity and time are found in it. */
export const servedDefinition = z.strictObject({
  /** `FeatureDefinition` of src/data, as it was at training; later additions to it pass through. */
  definition: z.looseObject({
    model: z.string(),
    numeric: z.array(z.string()),
    categorical: z.array(z.string()),
    columns: z.array(
      z.looseObject({ name: z.string(), type: z.enum(['int32', 'float32', 'boolean', 'string']), expr: z.string() }),
    ),
    hidden: z.array(z.string()),
    digest,
  }),
  /** DuckDB type of each raw column that the expressions, id, entity or event time read. */
  raw_types: z.record(columnName, z.string().min(1)),
  id: columnName,
  entity: columnName.nullable(),
  event_time: columnName,
  /** Binary: the decision is 1 from this probability on; null where no decision is made. */
  threshold: z.number().nullable(),
  /** Joins and windows as of registration, so that a version can serve alone; their files are in the version's manifest. */
  lookups: z.array(lookupRef).optional(),
  /** Features come ready: who made those that the model was fitted on. A caller sends the same columns. */
  precomputed: z.strictObject({ name: z.string(), version: z.string() }).optional(),
});
export type ServedDefinition = z.output<typeof servedDefinition>;

export const MAX_ROWS = 5000;
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** A raw column's value; nested values are refused. */
export type RawValue = string | number | boolean | null;
export type RawRow = Readonly<Record<string, RawValue>>;
const rawValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/**
 * `POST /v1/models/:model/predict`. A row holds raw columns, and may hold `inference_id` (1 to 200 characters),
 * `propensity` (over 0, to 1) and `explored` (true or false), which are recorded and never reach a feature.
 */
export const predictRequest = z.strictObject({ rows: z.array(z.record(z.string(), rawValue)).min(1).max(MAX_ROWS) });

export const servedArm = z.enum(['champion', 'canary', 'fallback']);
export const loggedArm = z.enum(['champion', 'canary', 'fallback', 'shadow']);
export type ServedArm = z.output<typeof servedArm>;
export type LoggedArm = z.output<typeof loggedArm>;

/** Probability (binary), value (regression) or one probability a class in signature order (multiclass). */
export const predictionValue = z.union([z.number(), z.array(z.number())]);
export type PredictionValue = z.output<typeof predictionValue>;

export const prediction = z.strictObject({
  inference_id: z.string(),
  version: versionNumber,
  arm: servedArm,
  prediction: predictionValue,
  /** 1 or 0 (binary with a threshold), the likeliest class (multiclass), null otherwise. */
  decision: z.union([z.number(), z.string(), z.null()]),
  /** Present only where a staged fault touched this answer. */
  staged: z.literal(true).optional(),
});
export type Prediction = z.output<typeof prediction>;
export const predictResponse = z.strictObject({ predictions: z.array(prediction) });

const inferenceId = z.string().min(1).max(200);

/** `POST /v1/models/:model/labels`. `label` as in the data: `positive` or another value, a number, a class. */
export const labelsRequest = z.strictObject({
  labels: z
    .array(
      z.strictObject({
        inference_id: inferenceId,
        label: z.union([z.number(), z.string().max(200), z.boolean()]),
        observed_at: z.string().datetime({ offset: true }),
      }),
    )
    .min(1)
    .max(MAX_ROWS),
});

/** `POST /v1/models/:model/business`: a figure of one prediction, or of a window `[from, to)`. */
export const businessRequest = z.strictObject({
  records: z
    .array(
      z
        .strictObject({
          inference_id: inferenceId.optional(),
          window: z
            .strictObject({ from: z.string().datetime({ offset: true }), to: z.string().datetime({ offset: true }) })
            .optional(),
          name: z
            .string()
            .regex(/^[a-z][a-z0-9_-]*$/)
            .max(100),
          value: z.number(),
          observed_at: z.string().datetime({ offset: true }),
        })
        .refine(
          (r) => (r.inference_id === undefined) !== (r.window === undefined),
          'give either inference_id or window',
        ),
    )
    .min(1)
    .max(MAX_ROWS),
});

/** What became of an event. `accepted`: it is safe, and not decided yet. */
export const eventAnswer = z.strictObject({
  answer: z.enum(['started', 'merged', 'queued', 'skipped', 'accepted']),
  run: z.string().nullable(),
  reason: z.string(),
  /** It had come before; this is the answer that it had. */
  repeated: z.boolean(),
});
export type EventAnswer = z.output<typeof eventAnswer>;

export const recorded = z.strictObject({ recorded: z.number().int() });

export const stagedFault = z.enum(['nan', 'slow', 'crash', 'error']);
export type StagedFault = z.output<typeof stagedFault>;
/** `POST /v1/staged-faults`: share 0 takes the fault away. */
export const stagedFaultRequest = z.strictObject({
  model: z.string(),
  version: versionNumber,
  fault: stagedFault,
  share: z.number().min(0).max(1),
});

/** Every refusal: a stable code, a sentence, and where the fault is in the body (`rows[3].dest`). */
export const errorResponse = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    path: z.string().optional(),
    retryable: z.boolean(),
  }),
});

/** Upper bounds (ms) of the latency histogram; the last count is of everything above. */
export const LATENCY_BOUNDS_MS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048] as const;

/** What a shadow scored: rows, and beside the champion's score of the same row. A class's probability is its likeliest one. */
export const shadowEvidence = z.strictObject({
  /** Rows that it was asked for; they are in `requests` too. */
  requests: z.number().int(),
  /** Rows with a finite score of both. */
  compared: z.number().int(),
  /** Sums of shadow − champion, and of its size. */
  difference: z.number(),
  absolute: z.number(),
  /** Rows by tenth of the score, the champion's and its own; empty where scores are no probabilities. */
  champion_tenths: z.array(z.number().int()),
  tenths: z.array(z.number().int()),
});
export type ShadowEvidence = z.output<typeof shadowEvidence>;

/**
 * Cumulative evidence about one version on one node since its boot; an observer subtracts two readings of one boot.
 * `requests` counts rows. Every row that the version was asked for and did not answer well is in `errors` (crash,
 * hang, exception, contract) or `nan`; `fallbacks` counts those that the champion answered instead.
 */
export const armEvidence = z.strictObject({
  requests: z.number().int(),
  errors: z.number().int(),
  nan: z.number().int(),
  fallbacks: z.number().int(),
  timeouts: z.number().int(),
  crashes: z.number().int(),
  /** Distinct entities asked for, and those with at least one error or NaN, summed over the routings since the boot. */
  entities: z.number().int(),
  entities_failed: z.number().int(),
  /**
   * Calls of at most 16 rows by their time in features and model, taken inside the process that scored: neither the
   * hop to a canary's process nor the larger batches of the champion spoil the comparison.
   */
  latency: z.array(z.number().int()).length(LATENCY_BOUNDS_MS.length + 1),
  latency_sum_ms: z.number(),
  /** Largest |served − recomputed| / max(1, |recomputed|) over the rows checked; null before the first check. */
  max_disagreement: z.number().nullable(),
  rows_checked: z.number().int(),
  shadow_dropped: z.number().int(),
  /** Left out where it was never a shadow. */
  shadow: shadowEvidence.optional(),
  staged: z.number().int(),
});
export type ArmEvidence = z.output<typeof armEvidence>;

export const nodeModel = z.strictObject({
  /** Routing generation that this node follows now. */
  generation: z.number().int(),
  /** Versions verified and able to score. */
  loaded: z.array(versionNumber),
  failed: z.array(z.strictObject({ version: versionNumber, reason: z.string() })),
  /** The node follows the newest generation it knows of, and its champion answers. */
  ready: z.boolean(),
  champion: versionNumber.nullable(),
  /** Canary versions whose lease this node holds to have lapsed: their traffic goes to the champion. */
  lapsed: z.array(versionNumber),
  arms: z.record(z.string(), armEvidence),
});
export type NodeModel = z.output<typeof nodeModel>;

/** How the server itself did lately; a percentile is null before the first request, and right to 5 %. */
export const serviceReading = z.strictObject({
  /** Seconds that it covers: five minutes, less after a start. */
  window_s: z.number().nonnegative(),
  /** Answered requests of models: errors are 5xx; refused are 4xx, and 503 before anything was deployed. */
  requests: z.number().int().nonnegative(),
  errors: z.number().int().nonnegative(),
  refused: z.number().int().nonnegative(),
  p50_ms: z.number().nullable(),
  p99_ms: z.number().nullable(),
  /** Of all cores of the machine. */
  cpu_share: z.number().nonnegative(),
  memory_mb: z.number().nonnegative(),
});
export type ServiceReading = z.output<typeof serviceReading>;

/** `nodes/<node>.json`. Live means: `beat` moved within three `poll_ms` on the observer's clock. */
export const nodeRecord = z.strictObject({
  node: z.string(),
  /** Fresh at each start: counters of two boots are never subtracted. */
  boot: z.string(),
  beat: z.number().int(),
  poll_ms: z.number(),
  url: z.string(),
  at: instant,
  draining: z.boolean(),
  service: serviceReading.optional(),
  /** A sentence for each limit of `monitoring.service` that the server is beyond; left out where there are none. */
  beyond_limits: z.array(z.string()).optional(),
  models: z.record(z.string(), nodeModel),
});
export type NodeRecord = z.output<typeof nodeRecord>;

/** `models/<model>/leases/<name>.json`: alive while it keeps changing. */
export const lease = z.strictObject({ ttl_ms: z.number().positive(), renewal: z.string() });
