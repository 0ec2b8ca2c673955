/** Stage evaluate: candidate, champion and anchor score the same clean rows in the serving runtime. */
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { SnapshotRef } from '../data/contract.ts';
import { decidingScores } from '../evaluation/classes.ts';
import { cleanFrom } from '../evaluation/clean-rows.ts';
import { evaluateVersions } from '../evaluation/evaluate-versions.ts';
import { type ScoringInput, versionScorer } from '../evaluation/score-version.ts';
import { replayTraffic } from '../evaluation/traffic-replay.ts';
import { compareTwins } from '../evaluation/twins.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { openLedger } from '../registry/ledger.ts';
import { attest, readVersion } from '../registry/versions.ts';
import { demandsOf, withDemandedColumns } from '../triggers/demands.ts';
import type { RunRef } from '../workflows/contract.ts';
import { dataActivity, type Work } from './boundary.ts';
import { configOf, type Deps, keep } from './deps.ts';
import { RefitDisagrees } from './errors.ts';

const DAY = 86_400_000;

export const evaluateActivities = (deps: Deps) => ({
  /** Digest of the evaluation report. */
  evaluate: dataActivity(
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
      const demanded = await demandsOf(deps.store, run.model, run.run);
      const input = scoringInput(deps, work, run, order.raw, window, model);
      const score = versionScorer({ ...input, config: withDemandedColumns(model, demanded) });
      const { report } = await evaluateVersions({ ...input, score, candidate, champion, anchor, demanded });
      work.report({ scored: report.rows + report.unlabelled });
      work.log.info({ rows: report.rows, blocks: report.blocks.count }, 'evaluated');
      // The first version has no traffic to be seen on.
      const replay = champion && (await replayTraffic({ ...input, candidate }));
      return await keep(deps, replay ? { ...report, replay } : report);
    },
  ),

  /** The refit must score like the version that was judged, or what was approved is not what would serve. */
  checkTwin: dataActivity(
    deps,
    async (work, run: RunRef, order: { judged: number; refit: number; raw: SnapshotRef }) => {
      const { model } = await configOf(deps, run.config);
      const [judged, refit] = [
        await readVersion(deps.store, run.model, order.judged),
        await readVersion(deps.store, run.model, order.refit),
      ];
      const window = { from: judged.fit_end ?? run.as_of, to: matureBefore(model, run.as_of) };
      const score = versionScorer(scoringInput(deps, work, run, order.raw, window, model));
      const scored = { judged: await score(judged), refit: await score(refit) };
      const { label, eventTime } = scored.refit.rows;
      const agreement = compareTwins(model.task, {
        ...{ label, eventTime, judged: decidingScores(judged.signature, scored.judged.scores) },
        refit: decidingScores(refit.signature, scored.refit.scores),
      });
      if (agreement.problem) throw new RefitDisagrees(order.refit, order.judged, agreement.problem);
      // The packet tells it, and only a person may approve.
      if (agreement.moved) await attest(deps.store, run.model, order.refit, 'twin', { moved: agreement.moved });
      return agreement;
    },
  ),
});

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

function scoringInput(
  { store, cacheDir, scratchDir }: Deps,
  { attempt, signal }: Work,
  run: RunRef,
  raw: SnapshotRef,
  window: { from: string; to: string },
  config: ModelConfig,
): ScoringInput {
  const workDir = join(scratchDir, run.run, `score-${attempt}`);
  return { store, config, raw: raw.digest, window, asOf: run.as_of, cacheDir, workDir, signal };
}
