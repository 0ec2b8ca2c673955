/** What a calendar would have done: refit every so many days on all mature rows, no gate, no delay. */
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import { readFeatureColumns } from '../data/columns.ts';
import { buildRefitFeatures, featuresForWindow } from '../data/features/build.ts';
import { readSnapshot } from '../data/snapshots.ts';
import { windowGeometry } from '../evaluation/geometry.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { fetchBlob } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { runTrainer } from '../training/run-trainer.ts';
import type { ScoredYear } from './monthly.ts';

export interface ScheduledPolicy {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** Raw snapshot of the whole time. */
  readonly raw: string;
  /** First training, and the end of scoring. */
  readonly from: string;
  readonly to: string;
  /** Null: trained once, never again. */
  readonly everyDays: number | null;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly base: string;
  readonly signal?: AbortSignal;
  readonly onTrained?: (asOf: string) => void;
}

const DAY = 86_400_000;
const iso = (ms: number) => new Date(ms).toISOString();

/**
 * Each row is scored by the model that was live at its time; a model trained at T knows what was mature at T.
 *
 * Optimistic against a gated policy, which loses time to holdouts and approvals: a reference, not a rival's best.
 */
export async function replayScheduledPolicy(policy: ScheduledPolicy): Promise<ScoredYear & { trainings: number }> {
  const { from, to, everyDays } = policy;
  const end = Date.parse(to);
  const parts: ScoredYear[] = [];
  let trainings = 0;
  for (let start = Date.parse(from); start < end; ) {
    const next = everyDays === null ? end : Math.min(start + everyDays * DAY, end);
    const model = await trainAt(policy, iso(start));
    trainings += 1;
    policy.onTrained?.(iso(start));
    parts.push(await scoreWindow(policy, model, iso(start), iso(next)));
    await model.release();
    start = next;
  }
  const all = (of: (part: ScoredYear) => Float64Array) => Float64Array.from(parts.flatMap((part) => [...of(part)]));
  return {
    trainings,
    label: all((part) => part.label),
    eventTime: all((part) => part.eventTime),
    scores: all((part) => part.scores),
  };
}

async function trainAt(policy: ScheduledPolicy, asOf: string): Promise<ModelRuntime> {
  const { store, config, raw, cacheDir } = policy;
  const workDir = join(policy.workDir, asOf.slice(0, 10));
  const { window } = await readSnapshot(store, raw, 'raw');
  const geometry = windowGeometry(config, asOf, window.from);
  const { manifest } = await buildRefitFeatures({ store, config, raw, asOf, geometry, cacheDir, workDir });
  const files = await Promise.all(manifest.parts.map((part) => fetchBlob(store, part.file.sha256, cacheDir)));
  const result = await runTrainer({
    trainer: config.training.trainer,
    base: policy.base,
    train: files,
    validation: null,
    numeric: manifest.numeric,
    categorical: manifest.categorical,
    task: config.task,
    params: config.training.params,
    seed: config.training.seed,
    categories: config.features.categories,
    classWeight: config.training.class_weight,
    calibration: 'none',
    limits: config.training.limits,
    workDir,
    ...(policy.signal ? { signal: policy.signal } : {}),
  });
  return await ModelRuntime.load(result.model, result.signature);
}

async function scoreWindow(
  policy: ScheduledPolicy,
  model: ModelRuntime,
  from: string,
  to: string,
): Promise<ScoredYear> {
  const { store, config, raw, cacheDir } = policy;
  const workDir = join(policy.workDir, 'score');
  const path = await featuresForWindow({
    store,
    config,
    raw,
    from,
    to,
    asOf: iso(Date.parse(policy.to) + 30 * DAY),
    cacheDir,
    workDir,
  });
  const rows = await readFeatureColumns([path], {
    numeric: model.signature.numeric,
    categorical: model.signature.categorical,
  });
  return { label: rows.label, eventTime: rows.eventTime, scores: await model.predict(rows) };
}
