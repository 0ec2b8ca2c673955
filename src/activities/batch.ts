/** Batch scoring: the version and the rows are fixed first, then each part is scored on its own. */
import { join } from 'node:path';
import { batchWindow } from '../batch/batch-window.ts';
import { planBatch } from '../batch/plan-batch.ts';
import { publishBatch } from '../batch/publish-batch.ts';
import { scorePart } from '../batch/score-part.ts';
import { batchSentence } from '../batch/sentence.ts';
import { hashKey, type KeyPlace, servingCacheOf } from '../monitoring/log/hash-key.ts';
import { openLedger } from '../registry/ledger.ts';
import type { BatchEnd } from '../workflows/batch-scoring.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';
import { ModelNotApplied, NothingToScoreWith } from './errors.ts';

export const batchActivities = (deps: Deps) => ({
  planBatch: activity(deps, async (work, model: string, asOf: string): Promise<{ batch: string; days: string[] }> => {
    const { config: digest, aliases } = await openLedger(deps.store, model).state();
    if (!digest) throw new ModelNotApplied(model);
    if (!aliases.champion) throw new NothingToScoreWith(model);
    const { model: config } = await configOf(deps, digest);
    const { window, config: reading } = batchWindow(config, asOf);
    const plan = await planBatch({
      ...{ store: deps.store, config: reading, version: aliases.champion.version, asOf, window },
      log: config.deploy.batch !== null && config.deploy.batch.log !== false,
      ...{ base: deps.workspace, cacheDir: deps.cacheDir, workDir: workDirOf(deps, model), signal: work.signal },
    });
    work.log.info({ batch: plan.batch, rows: plan.rows }, 'batch planned');
    return { batch: plan.batch, days: plan.parts.map(({ day }) => day) };
  }),

  scorePart: activity(deps, async (work, model: string, batch: string, day: string): Promise<void> => {
    const { rows } = await scorePart({
      ...{ store: deps.store, model, batch, day, cacheDir: deps.cacheDir, workDir: workDirOf(deps, model) },
      hashKey: () => hashKey(keyPlace(deps), deps.logger),
      onProgress: (rows) => work.report({ day, rows }),
      signal: work.signal,
    });
    work.log.info({ batch, day, rows }, 'part scored');
  }),

  publishBatch: activity(deps, async (work, model: string, batch: string): Promise<BatchEnd> => {
    const manifest = await publishBatch(deps.store, model, batch);
    const sentence = batchSentence(manifest);
    work.log.info({ batch, rows: manifest.rows }, sentence);
    return { batch, version: manifest.version, rows: manifest.rows, sentence };
  }),
});

const keyPlace = ({ hone, workspace }: Deps): KeyPlace => {
  return { reference: hone.log_hash_key, dir: workspace, cacheDir: servingCacheOf(workspace) };
};

const workDirOf = (deps: Deps, model: string): string => join(deps.scratchDir, model, 'batch');
