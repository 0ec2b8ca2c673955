/** Stage evaluate: candidate, champion and anchor score the same clean rows in the serving runtime. */
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { type FeatureRows, readFeatureColumns } from '../data/columns.ts';
import type { SnapshotRef } from '../data/contract.ts';
import { featuresForWindow } from '../data/features/build.ts';
import type { FeatureDefinition } from '../data/features/definition.ts';
import { sliceNames } from '../data/features/slices.ts';
import { alignScores } from '../evaluation/align.ts';
import { cleanFrom } from '../evaluation/clean-rows.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import { compareTwins } from '../evaluation/twins.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { openLedger } from '../registry/ledger.ts';
import { readVersion } from '../registry/versions.ts';
import { FEATURE_DEFINITION_FILE, MODEL_FILE, servedDefinition } from '../serving/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { getBlob } from '../store/content.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity, type Work } from './boundary.ts';
import { configOf, type Deps, keep } from './deps.ts';
import { RefitDisagrees } from './errors.ts';

const DAY = 86_400_000;

export const evaluateActivities = (deps: Deps) => ({
  /** Digest of the evaluation report. */
  evaluate: activity(
    deps,
    async (work, run: RunRef, order: { version: number; raw: SnapshotRef; attempt: number }): Promise<string> => {
      const { model } = await configOf(deps, run.config);
      const state = await openLedger(deps.store, run.model).state();
      const candidate = await readVersion(deps.store, run.model, order.version);
      const championNumber = state.aliases.champion?.version ?? null;
      const champion = championNumber === null ? null : await readVersion(deps.store, run.model, championNumber);
      const anchor =
        state.anchor === null || state.anchor === championNumber
          ? null
          : await readVersion(deps.store, run.model, state.anchor);
      const compared = [candidate, champion, anchor].filter((one) => one !== null);

      const window = cleanWindow(compared, model, run.as_of);
      const score = scorer(deps, work, run, order.raw, window, model);
      const judged = await score(candidate);
      work.report({ scored: judged.rows.rows });
      const scoresOf = async (version: VersionManifest | null) => {
        if (!version) return undefined;
        const { rows, scores } = await score(version);
        return rows === judged.rows
          ? scores
          : alignScores(`version ${version.version}`, judged.rows.id, { id: rows.id, scores });
      };
      const [championScores, anchorScores] = [await scoresOf(champion), await scoresOf(anchor)];
      const report = evaluate({
        config: model,
        rows: judged.rows,
        scores: {
          candidate: judged.scores,
          ...(championScores ? { champion: championScores } : {}),
          ...(anchorScores ? { anchor: anchorScores } : {}),
        },
        candidateVersion: order.version,
        ...(champion ? { championVersion: champion.version } : {}),
        ...(anchor ? { anchorVersion: anchor.version } : {}),
        baselineRate: trainingLabelMean(candidate),
        seed: model.training.seed,
      });
      work.log.info({ rows: report.rows, blocks: report.blocks.count }, 'evaluated');
      return await keep(deps, report);
    },
  ),

  /** The refit must score like the version that was judged, or what was approved is not what would serve. */
  checkTwin: activity(deps, async (work, run: RunRef, order: { judged: number; refit: number; raw: SnapshotRef }) => {
    const { model } = await configOf(deps, run.config);
    const [judged, refit] = [
      await readVersion(deps.store, run.model, order.judged),
      await readVersion(deps.store, run.model, order.refit),
    ];
    const window = { from: judged.fit_end ?? run.as_of, to: matureBefore(model, run.as_of) };
    const score = scorer(deps, work, run, order.raw, window, model);
    const agreement = compareTwins(model.task, (await score(judged)).scores, (await score(refit)).scores);
    if (agreement.problem) throw new RefitDisagrees(order.refit, order.judged, agreement.problem);
    return agreement;
  }),
});

function trainingLabelMean(candidate: VersionManifest): number {
  const mean = candidate.metrics['train_label_mean'];
  // Zero would be a baseline that anything beats.
  if (mean === undefined) throw new RangeError(`the manifest of version ${candidate.version} lacks train_label_mean`);
  return mean;
}

function matureBefore(config: ModelConfig, asOf: string): string {
  return new Date(
    Math.floor((Date.parse(asOf) - durationMs(config.data.label.mature_after)) / DAY) * DAY,
  ).toISOString();
}

/** Rows that no compared version was fitted, stopped or chosen on, and that are mature at `asOf`. May be empty. */
function cleanWindow(
  versions: readonly VersionManifest[],
  config: ModelConfig,
  asOf: string,
): { from: string; to: string } {
  const to = matureBefore(config, asOf);
  const from = cleanFrom(
    versions.map((version) => version.fit_end),
    durationMs(config.training.split.gap),
  );
  return { from: from < to ? from : to, to };
}

function scorer(
  deps: Deps,
  work: Work,
  run: RunRef,
  raw: SnapshotRef,
  window: { from: string; to: string },
  config: ModelConfig,
) {
  const cached = new Map<string, FeatureRows>();
  const rowsFor = async (manifest: VersionManifest): Promise<FeatureRows> => {
    const file = manifest.files.find((one) => one.name === FEATURE_DEFINITION_FILE);
    const served = servedDefinition.parse(
      JSON.parse(new TextDecoder().decode(await getBlob(deps.store, file?.sha256 ?? ''))),
    );
    const known = cached.get(served.definition.digest);
    if (known) return known;
    const definition = served.definition as unknown as FeatureDefinition;
    const path = await featuresForWindow({
      store: deps.store,
      definition,
      config,
      raw: raw.digest,
      ...window,
      asOf: run.as_of,
      cacheDir: deps.cacheDir,
      workDir: join(deps.scratchDir, run.run, `score-${work.attempt}-${definition.digest.slice(0, 8)}`),
      signal: work.signal,
    });
    const { numeric, categorical } = manifest.signature;
    const rows = await readFeatureColumns([path], { numeric, categorical, slices: sliceNames(config) });
    cached.set(definition.digest, rows);
    return rows;
  };
  return async (manifest: VersionManifest): Promise<{ rows: FeatureRows; scores: Float64Array }> => {
    const rows = await rowsFor(manifest);
    const file = manifest.files.find((one) => one.name === MODEL_FILE);
    const runtime = await ModelRuntime.load(await getBlob(deps.store, file?.sha256 ?? ''), manifest.signature);
    try {
      return { rows, scores: rows.rows > 0 ? await runtime.predict(rows) : new Float64Array(0) };
    } finally {
      await runtime.release();
    }
  };
}
