/** Telling people: what is new is numbered and kept, then each route is taken as far as it goes. Never part of a run. */
import { listRuns } from '../client/runs.ts';
import { deliver } from '../notifications/deliver.ts';
import type { WaitingRun } from '../notifications/happenings.ts';
import { collectNotices } from '../notifications/outbox.ts';
import { openRoutes } from '../notifications/routes.ts';
import { openLedger } from '../registry/ledger.ts';
import { listModels } from '../registry/models.ts';
import { asOfNow } from '../store/clock.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';

export interface NotifyEnd {
  readonly collected: number;
  readonly sent: number;
  readonly dead: number;
  /** Names of the routes that did not take what was sent. */
  readonly failing: readonly string[];
}

export const notifyActivities = (deps: Deps) => ({
  tellPeople: activity(deps, async (work): Promise<NotifyEnd> => {
    const { store, hone, client } = deps;
    const routes = openRoutes(hone.notify ?? { routes: {} }, client.uiUrl);
    const asOf = await asOfNow(store, hone.clock);
    const waiting = await waitingRuns(deps);
    const end = { collected: 0, sent: 0, dead: 0 };
    const failing = new Set<string>();
    for (const model of await listModels(store)) {
      work.report({ model });
      const own = await withPolicy(
        deps,
        model,
        waiting.filter((run) => run.model === model),
      );
      end.collected += await collectNotices(store, model, own, asOf, new Date().toISOString());
      for (const route of routes) {
        const { sent, dead, failing: problem } = await deliver(store, model, route, new Date());
        end.sent += sent;
        end.dead += dead;
        if (problem === null) continue;
        failing.add(route.name);
        work.log.warn({ route: route.name, model }, problem);
      }
    }
    return { ...end, failing: [...failing] };
  }),
});

async function waitingRuns({ client }: Deps): Promise<WaitingRun[]> {
  const runs = await listRuns(client, { needs: 'approval', open: true });
  return runs.flatMap(({ model, run, packet, sentence, deadline }) =>
    packet === null ? [] : [{ model, run, packet, sentence, deadline }],
  );
}

/** Reminders and escalation are those of the configuration in force, as for the desk. */
async function withPolicy(deps: Deps, model: string, waiting: readonly WaitingRun[]): Promise<readonly WaitingRun[]> {
  if (waiting.length === 0) return waiting;
  const { config } = await openLedger(deps.store, model).state();
  if (config === null) return waiting;
  const policy = (await configOf(deps, config)).model.approval.otherwise;
  return waiting.map((run) => ({ ...run, policy }));
}
