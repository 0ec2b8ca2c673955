/** A town whose first version is live, at a time when there are clean rows to judge a second one on. */
import { readNodes } from '../../src/serving/nodes.ts';
import { smallTown, type Town } from '../town.ts';
import { eventually } from './eventually.ts';

type Model = Record<string, unknown>;

/** The second version is trained on more rows of the same weeks: never much better, and with these margins never too bad. */
export const lenient = (model: Model): void => {
  const gate = model['gate'] as { champion: Model; slices: Model };
  gate.champion = { ...gate.champion, margin: { roc_auc: 0.2, log_loss: '50%' } };
  gate.slices = { ...gate.slices, critical: [], margin: { roc_auc: 0.5 } };
};

/** `deploy:` of a canary that is still one when something happens to it: it waits for more traffic than there is. */
export const endlessCanary = {
  canary: { steps: [25, 100], bake: 'PT1S', min_requests: 1_000_000, max_wait: 'PT10M' },
};

const SECOND_RUN_AT = '2013-02-12T00:00:00Z';

/** Options as for `smallTown`; its second version passes the gate. */
export async function townForTwo(options: Parameters<typeof smallTown>[0] = {}): Promise<Town> {
  return await smallTown({
    ...options,
    edit: (model) => {
      lenient(model);
      options.edit?.(model);
    },
  });
}

/** Trains, approves and promotes the first version, and lets time go on. */
export async function promoteFirst(town: Town): Promise<void> {
  const run = String((await town.trigger({ reason: 'the first model' })).run);
  await town.approve(run);
  const end = await town.end(run);
  if (end.outcome !== 'promoted') throw new Error(`the first version was not promoted: ${end.sentence}`);
  await town.setTime(SECOND_RUN_AT);
}

/** Starts a run on top of the champion. */
export async function startSecond(town: Town, reason = 'a second version'): Promise<string> {
  const { run, answer, reason: why } = await town.trigger({ reason });
  if (answer !== 'started' || run === null) throw new Error(`not started but ${answer}: ${why}`);
  return run;
}

/** The candidate has a share, and has answered some of it. */
export async function canaryAnswers(town: Town, run: string): Promise<void> {
  await town.runUntil(run, 'there is a canary step', ({ rollout }) => (rollout?.step ?? 0) > 0);
  await eventually(async () => {
    const { challenger } = (await town.ledger.state()).aliases;
    const [node] = await readNodes(town.store);
    const requests = node?.models[town.model]?.arms[challenger?.version ?? 0]?.requests ?? 0;
    if (requests === 0) throw new Error('the candidate was asked for nothing yet');
  }, 30_000);
}
