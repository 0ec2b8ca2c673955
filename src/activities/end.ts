/** How a run ends: ledger, record and history in the store, the owner told. Temporal keeps days, an audit needs years. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { reportRunFinished } from '../client/owner.ts';
import { keptTrainingWindow } from '../data/features/training-window.ts';
import type { Message } from '../policy/approvals.ts';
import { endRun } from '../registry/changes.ts';
import { LedgerConflict } from '../registry/errors.ts';
import { openLedger } from '../registry/ledger.ts';
import { keptSearch } from '../training/search/kept.ts';
import type { RunEnd, RunRef, StageRecord } from '../workflows/contract.ts';
import { activity } from './boundary.ts';
import type { Deps } from './deps.ts';
import { writeForRun } from './ledger.ts';

interface Closing {
  readonly end: RunEnd;
  readonly stages: StageRecord[];
  readonly messages: Message[];
}

export const endActivities = (deps: Deps) => ({
  /** @returns the end as the ledger has it: a run that a rollback had cancelled was superseded */
  closeRun: activity(deps, async (work, run: RunRef, { end: told, stages, messages }: Closing): Promise<RunEnd> => {
    const end = await written(deps, run, told);
    const window = await keptTrainingWindow(deps.store, run.model, run.run);
    const trainedOn = window ? { training_window: window } : {};
    const search = await keptSearch(deps.store, run.model, run.run);
    const chosen = search ? { search } : {};
    const record = { ...run, ...end, stages, messages, ...trainedOn, ...chosen, ended_at: new Date().toISOString() };
    await deps.store.put(`models/${run.model}/runs/${run.run}/record.json`, encode(record));
    try {
      const history = await (await deps.client.temporal()).workflow.getHandle(run.run).fetchHistory();
      await deps.store.put(`models/${run.model}/runs/${run.run}/history.json`, encode(historyToJSON(history)));
    } catch (error) {
      work.log.warn({ err: error }, 'the history could not be kept; the record is');
    }
    await rm(join(deps.scratchDir, run.run), { recursive: true, force: true });
    work.log.info({ outcome: end.outcome, version: end.version }, end.sentence);
    return end;
  }),

  reportRunFinished: activity(deps, (_work, run: RunRef, end: RunEnd) => reportRunFinished(deps.client, run, end)),
});

async function written(deps: Deps, run: RunRef, end: RunEnd): Promise<RunEnd> {
  const { outcome, version } = end;
  const step = endRun({ run: run.run, outcome, version, as_of: run.as_of, trigger: run.trigger });
  const by = outcome === 'cancelled' ? await rollbackSince(deps, run) : null;
  const sentence = by === null ? end.sentence : `${by} ${end.sentence}`.trim();
  try {
    const { change } = await writeForRun(deps, run, { effect: 'end', why: sentence, step, fenced: false });
    const superseded = change.kind === 'run_ended' && change.outcome === 'superseded';
    return superseded && outcome === 'cancelled' ? { ...end, outcome: 'superseded', sentence } : end;
  } catch (error) {
    if (!(error instanceof LedgerConflict)) throw error; // an earlier attempt has written the end
    return end;
  }
}

/** Whose rollback took the lock from this run, and why; null where none did. */
async function rollbackSince(deps: Deps, run: RunRef): Promise<string | null> {
  for await (const { change, actor } of openLedger(deps.store, run.model).entries(run.seq)) {
    if (change.kind !== 'rolled_back') continue;
    return `The rollback of ${actor} to version ${change.to} (${change.reason}) came first.`;
  }
  return null;
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value, null, 1));
}
