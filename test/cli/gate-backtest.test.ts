import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attest } from '../../src/registry/versions.ts';
import { putByDigest } from '../../src/store/content.ts';
import { town } from '../evaluation/flights.ts';
import { gate } from '../gate/judged.ts';
import { MODEL, tellHistory, workspace } from './story.ts';

const home = town();

/** Versions 1 (first) and 2 (against it) with figures that the gate really judged. */
async function judgedHistory() {
  const place = await workspace();
  await tellHistory(place.store);
  const cases = [
    { candidate: home.scores(0.2) },
    { candidate: home.scores(0.2), champion: home.scores(0.9, { seed: 2 }) },
  ];
  for (const [i, one] of cases.entries()) {
    const { report, judged } = await gate(one);
    const digest = await putByDigest(place.store, 'documents', { evaluation: report, gate: judged });
    const { verdict, sentence } = judged;
    await attest(place.store, MODEL, i + 1, 'gate-1', { report: digest, verdict, sentence });
  }
  const policy = async (name: string, from: string, to: string): Promise<string> => {
    const text = await readFile(join(place.dir, 'config/models/flights-delay.yaml'), 'utf8');
    expect(text).toContain(from);
    await writeFile(join(place.dir, 'config', name), text.replace(from, to).replace('../defaults', 'defaults'));
    return `config/${name}`;
  };
  return { ...place, policy };
}

test('the policy that judged changes nothing', async () => {
  const { hone, policy } = await judgedHistory();
  const said = await hone('gate', 'backtest', MODEL, '--policy', await policy('same.yaml', 'seed: 7', 'seed: 7'));
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toContain('None of 2 decisions would differ.');
});

test('a stricter floor says which run it would have stopped, and why', async () => {
  const { hone, policy } = await judgedHistory();
  const file = await policy('strict.yaml', 'floors: { roc_auc: 0.60,', 'floors: { roc_auc: 0.99,');
  const said = await hone('--json', 'gate', 'backtest', MODEL, '--policy', file);
  const { sentence, decisions } = JSON.parse(said.out);
  expect(sentence).toMatch(/^2 of 2 decisions would differ: 2 fail instead of pass\./);
  expect(decisions[1]).toMatchObject({
    run: 'flights-delay-000002',
    version: 2,
    look: 1,
    was: 'pass',
    would_be: 'fail',
  });
  expect(decisions[1].sentence).toContain('at least 0.9900 needed');
  const text = await hone('gate', 'backtest', MODEL, '--policy', file);
  expect(text.out).toContain('flights-delay-000002');
});

test('more rows than there were are asked for: undecided, with the number that is missing', async () => {
  const { hone, policy } = await judgedHistory();
  const file = await policy('rows.yaml', 'min_rows: 2000', 'min_rows: 9000');
  const { decisions } = JSON.parse((await hone('--json', 'gate', 'backtest', MODEL, '--policy', file)).out);
  expect(decisions[1]).toMatchObject({ was: 'pass', would_be: 'inconclusive' });
  expect(decisions[1].sentence).toContain('4200 rows with a label, 9000 needed');
});

test('a metric that was not measured then leaves its rule undecided, and is named', async () => {
  const { hone, policy } = await judgedHistory();
  const file = await policy('other.yaml', 'log_loss: 1% }', 'precision_recall_auc: 0.01 }');
  const { decisions } = JSON.parse((await hone('--json', 'gate', 'backtest', MODEL, '--policy', file)).out);
  expect(decisions[1]).toMatchObject({ would_be: 'inconclusive', not_measured: ['precision_recall_auc'] });
});

test('without judged versions it says so, and a damaged policy is refused with its line', async () => {
  const { hone, dir, store } = await workspace();
  await tellHistory(store);
  const none = await hone('gate', 'backtest', MODEL, '--policy', 'config/models/flights-delay.yaml');
  expect(none.out).toContain('has not judged any version');
  await writeFile(join(dir, 'config/bad.yaml'), 'model: flights-delay\nprimary: x\n');
  const bad = await hone('gate', 'backtest', MODEL, '--policy', 'config/bad.yaml');
  expect(bad.code).toBe(2);
  expect(bad.err).toContain('config/bad.yaml:2');
});
