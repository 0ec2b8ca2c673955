/** Why it was retrained, and why it was not. */
import { expect, test } from 'vitest';
import type { TickReport } from '../../src/monitoring/contract.ts';
import { tickKey } from '../../src/monitoring/read-ticks.ts';
import { rememberAnswer } from '../../src/registry/trigger-answers.ts';
import { putDocument } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { MODEL, tellHistory, workspace } from './story.ts';

const look = (store: ObjectStore, as_of: string, actions: TickReport['actions']) =>
  putDocument(store, tickKey(MODEL, as_of), {
    ...{ contract: 1, model: MODEL, as_of, champion: 1, promoted_at: null, holdout: null, findings: [], actions },
    ...{ open_incidents: [], drift: null, drift_verdict: 'not_judged', performance: [], sentence: 'A look.' },
  } satisfies TickReport);

async function lived() {
  const place = await workspace();
  await tellHistory(place.store);
  const reason = 'Skill fell: skill 0.02, limit 0.03.';
  const asked = { kind: 'performance', reason, by: 'monitoring' };
  const answers = [
    { as_of: '2013-04-10T00:00:00.000Z', answer: 'started', run: `${MODEL}-000003`, reason },
    { as_of: '2013-04-11T00:00:00.000Z', answer: 'skipped', run: null, reason: 'cool-down of P7D is not over' },
  ] as const;
  for (const { as_of, ...answer } of answers) {
    const eventId = `tick/${MODEL}/${as_of}/performance`;
    const trigger = { ...asked, as_of, eventId };
    await rememberAnswer(place.store, MODEL, eventId, { trigger, decided: true, at: as_of, ...answer });
    await look(place.store, as_of, [{ kind: 'trigger', trigger: 'performance', reason, evidence: {} }]);
  }
  const note = { kind: 'note', sentence: 'temp_f moved, quality holds, not retraining.' } as const;
  for (const day of ['05', '06', '07']) await look(place.store, `2013-04-${day}T00:00:00.000Z`, [note]);
  return place;
}

test('every decision is a dated sentence, newest first: what started, what was skipped and why, what was only noted', async () => {
  const { hone } = await lived();
  const { code, out } = await hone('model', 'why', MODEL);
  expect(code).toBe(0);
  await expect(out).toMatchFileSnapshot('golden/model-why.txt');
  expect(out.split('\n').filter((line) => line.length > 82)).toEqual([]);
  const { decisions } = JSON.parse((await hone('model', 'why', MODEL, '--json')).out);
  expect(decisions.map(({ what }: { what: string }) => what)).toEqual([
    ...['skipped', 'started', 'looked', 'ended', 'started', 'ended', 'started'],
  ]);
  expect(decisions[0].sentence).toBe(
    'No run, although performance (by monitoring) asked for one (Skill fell: skill 0.02, limit 0.03): cool-down of P7D is not over.',
  );
  expect(decisions[2].sentence).toBe('3 looks since 2013-04-05: temp_f moved, quality holds, not retraining.');
  expect(JSON.parse((await hone('model', 'why', MODEL, '--json', '--last', '1')).out).decisions).toHaveLength(1);
});

test('a model that nobody touched says so', async () => {
  const { hone } = await workspace();
  const { code, out } = await hone('model', 'why', MODEL);
  expect(code).toBe(0);
  expect(out).toContain('It was never retrained. Nothing has asked for a run since.');
  expect((await hone('model', 'why', 'flights-dely')).code).toBe(2);
});
