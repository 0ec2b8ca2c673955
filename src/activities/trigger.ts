/** Asking the owner for a run, from schedules and from monitoring. */

import { join } from 'node:path';
import { sendTrigger } from '../client/owner.ts';
import { countMatureLabels } from '../data/features/label-count.ts';
import { openLedger } from '../registry/ledger.ts';
import { readVersion } from '../registry/versions.ts';
import { asOfNow } from '../store/clock.ts';
import type { Trigger } from '../workflows/contract.ts';
import type { RunRequest } from '../workflows/request-run.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';
import { ModelNotApplied } from './errors.ts';

export const triggerActivities = (deps: Deps) => ({
  sendTrigger: activity(deps, (work, model: string, trigger: Trigger) =>
    sendTrigger(deps, model, trigger, work.signal),
  ),

  /** A schedule's start, with the number of labels that matured since the champion was fitted as its evidence. */
  requestRun: activity(deps, async (work, request: RunRequest, fired: { eventId: string; due: string | null }) => {
    const { model, kind, reason } = request;
    const state = await openLedger(deps.store, model).state();
    if (!state.config) throw new ModelNotApplied(model);
    const { model: config } = await configOf(deps, state.config);
    const asOf =
      deps.hone.clock === 'logical' || !fired.due
        ? await asOfNow(deps.store, deps.hone.clock)
        : new Date(fired.due).toISOString();
    const champion = state.aliases.champion
      ? await readVersion(deps.store, model, state.aliases.champion.version)
      : null;
    const labels = await countMatureLabels({
      store: deps.store,
      cacheDir: deps.cacheDir,
      config,
      asOf,
      since: champion?.fit_end ?? null,
      base: deps.workspace,
      workDir: join(deps.scratchDir, model, `labels-${work.attempt}`),
      signal: work.signal,
    });
    const evidence = { new_mature_labels: labels, champion: champion?.version ?? null };
    const trigger = { kind, reason, evidence, eventId: fired.eventId, as_of: asOf, by: 'schedule' };
    return await sendTrigger(deps, model, trigger, work.signal);
  }),
});
