/** Days of the electricity market, one look each: playbook, trigger policy and ledger are the real ones, only training is a table of rates. */
import { triggersOf } from '../../src/activities/monitor.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import type { Holdout, TickReport } from '../../src/monitoring/contract.ts';
import { tick } from '../../src/monitoring/tick.ts';
import { considerAll } from '../../src/policy/triggers.ts';
import { endRun, startRun } from '../../src/registry/changes.ts';
import type { LedgerState } from '../../src/registry/contract.ts';
import { initialState, runId, type Step } from '../../src/registry/state.ts';
import { rememberAnswer } from '../../src/registry/trigger-answers.ts';
import { reasonsKey } from '../../src/triggers/demands.ts';
import type { Trigger, TriggerAnswer } from '../../src/workflows/contract.ts';
import type { Market } from './electricity-log.ts';

const DAY = 86_400_000;
const date = (ms: number) => new Date(ms).toISOString().slice(0, 10);

export interface Look {
  readonly day: string;
  readonly report: TickReport;
  readonly asked: readonly { trigger: Trigger; answer: TriggerAnswer }[];
}

/** A run takes no time and is promoted: 60 days before the look, refitted on all of them. */
export async function walk(
  market: Market,
  config: ModelConfig,
  span: { firstFit: string; from: string; to: string },
): Promise<Look[]> {
  const { store } = market;
  const train = (version: number, ms: number, trigger: string, run: string): Promise<Holdout> =>
    market.fit(version, { from: date(ms - 60 * DAY), to: date(ms), trigger, run });
  const born = Date.parse(span.firstFit);
  let holdout = await train(1, born, 'manual', runId(config.model, 1));
  let state: LedgerState = promoted({ ...initialState(), nextVersion: 2, nextRun: 2 }, 1, new Date(born).toISOString());
  await market.log(1, { from: span.firstFit, to: span.from });
  const looks: Look[] = [];
  for (let now = Date.parse(span.from); now < Date.parse(span.to); now += DAY) {
    const asOf = new Date(now).toISOString();
    const place = { store, cacheDir: `${market.dir}/cache`, workDir: market.dir };
    const report = await tick({ ...place, config, state, asOf, holdout });
    const arrived = triggersOf(report);
    const run = runId(config.model, state.nextRun);
    const { starts, answers } = considerAll({ waited: [], arrived, waiting: 0 }, state, config.triggers, asOf, run);
    const asked = arrived.flatMap((trigger, i) => (answers[i] ? [{ trigger, answer: answers[i] }] : []));
    for (const { trigger, answer } of asked)
      await rememberAnswer(store, config.model, String(trigger.eventId), {
        ...{ trigger: { ...trigger }, ...answer, decided: true, at: asOf },
      });
    const [first] = starts;
    if (first !== undefined) {
      await store.put(reasonsKey(config.model, run), new TextEncoder().encode(JSON.stringify(starts)));
      state = after(state, startRun({ run, trigger: first.kind, config: '0'.repeat(64), as_of: asOf, now: asOf }));
      const version = state.nextVersion;
      holdout = await train(version, now, first.kind, run);
      state = promoted({ ...state, nextVersion: version + 1 }, version, asOf);
      state = after(state, endRun({ run, outcome: 'promoted', version, as_of: asOf, trigger: first.kind }));
    }
    looks.push({ day: date(now), report, asked });
    await market.log(state.aliases.champion?.version ?? 1, { from: date(now), to: date(now + DAY) });
  }
  return looks;
}

function promoted(state: LedgerState, version: number, asOf: string): LedgerState {
  const champion = { version, effectId: `v${version}/deploy/promote` };
  return {
    ...state,
    aliases: { ...state.aliases, champion },
    budgets: { ...state.budgets, promoted_at: asOf, labels_at_promotion: 0 },
  };
}

function after(state: LedgerState, step: Step): LedgerState {
  const result = step(state);
  if ('refused' in result) throw new Error(result.refused);
  return result.state;
}
