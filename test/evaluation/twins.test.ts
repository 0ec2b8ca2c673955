/** A refit far from its judged twin: broken, or the world moved. */
import { expect, test } from 'vitest';
import { compareTwins } from '../../src/evaluation/twins.ts';
import { gateReport } from '../../src/gate/contract.ts';
import { twinNote, withTwin } from '../../src/gate/twin.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { gate } from '../gate/judged.ts';
import { town } from './flights.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** After a change prices mostly rise: the judged version still says what held before it. */
function change() {
  const random = randomStream(4);
  const signal = Float64Array.from({ length: 4000 }, () => random.normal());
  const label = signal.map((value) => (random.uniform() < sigmoid(2.5 + value) ? 1 : 0));
  const eventTime = Float64Array.from(signal, (_, i) => Date.parse('1997-05-12') + Math.floor(i / 200) * 86_400_000);
  return {
    label,
    eventTime,
    judged: signal.map((value) => sigmoid(value - 1)),
    refit: signal.map((value) => sigmoid(2.5 + value)),
  };
}

test('a refit that has learned a real change is for a person to decide, with what the labels say', () => {
  const found = compareTwins('binary', change());
  expect(found.psi).toBeGreaterThan(1);
  expect(found.problem).toBeNull();
  expect(found.moved).toMatch(
    /^its mean score differs by 0\.\d+ \(limit 0\.2\), PSI of the scores is \d\.\d\d \(limit 1\); on the 4000 newest rows in 20 days, .* its log loss is 0\.\d+ against \d\.\d+$/,
  );
});

test('a refit that the labels speak against is refused, and so is one without labels, or of several classes', () => {
  const { judged, refit, ...rows } = change();
  const broken = compareTwins('binary', { ...rows, judged: refit, refit: judged });
  expect(broken).toMatchObject({ moved: null, problem: expect.stringContaining('PSI of the scores is') });
  const unknown = { ...rows, judged, refit, label: rows.label.map(() => Number.NaN) };
  expect(compareTwins('binary', unknown)).toMatchObject({ moved: null, problem: expect.any(String) });
  expect(compareTwins('multiclass', { ...rows, judged, refit }).problem).not.toBeNull();
  const none = new Float64Array(0);
  const empty = compareTwins('binary', { judged: none, refit: none, label: none, eventTime: none });
  expect(empty.problem).toBe('there are no rows to compare them on');
  expect(compareTwins('binary', { ...rows, judged, refit: judged })).toMatchObject({
    problem: null,
    moved: null,
    psi: 0,
  });
});

test('what the comparison says takes away automatic approval and asks the approver for a reason', async () => {
  const home = town();
  const { judged } = await gate({ on: home, candidate: home.scores(0.2), champion: home.scores(0.3, { seed: 2 }) });
  const { moved } = compareTwins('binary', change());
  const told = withTwin(judged, 8, twinNote.parse({ moved }));
  expect(gateReport.parse(told).verdict).toBe(judged.verdict);
  expect(told.person.at(-1)).toMatch(
    /^The world has moved since .*: version 8, its refit, scores unlike it: .* never judged\.$/,
  );
  expect(told.warnings).toContain(told.person.at(-1));
  expect(withTwin(judged, 8, undefined)).toBe(judged);
});
