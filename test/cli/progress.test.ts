/** Work of more than a second says what it does; how depends on who listens. */
import { createColors } from 'picocolors';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CliContext, GlobalOptions } from '../../src/cli/context.ts';
import { withProgress } from '../../src/cli/progress.ts';
import { stageTree } from '../../src/cli/run-text.ts';
import type { PendingWork } from '../../src/client/pending-work.ts';
import { progressText } from '../../src/client/progress-text.ts';
import type { RunStory } from '../../src/client/run-story.ts';

beforeEach(
  () =>
    void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'performance'] }),
);
afterEach(() => void vi.useRealTimers());

/** Work that tells a count each 400 ms, for as long as it is said. */
async function watched(forMs: number, isTty: boolean, more: Partial<GlobalOptions> = {}) {
  const said: string[] = [];
  const terminal = { isTty, err: (text: string) => void said.push(text) } as unknown as CliContext['terminal'];
  const options = { json: false, quiet: false, color: true, ...more };
  const done = withProgress({ terminal, options }, 'looking', async (tell) => {
    for (let ms = 400; ms <= forMs; ms += 400) {
      await new Promise((next) => setTimeout(next, 400));
      tell(`${ms} ms are over, and ${'so on '.repeat(20)}`);
    }
    return 'the result';
  });
  await vi.advanceTimersByTimeAsync(forMs);
  expect(await done).toBe('the result');
  return said;
}

test('what is done within a second says nothing', async () => {
  expect(await watched(800, true)).toEqual([]);
  expect(await watched(9600, false), 'and a log is spared what is done soon').toEqual([]);
});

test('on a terminal one line is rewritten, never wider than the screen, and taken away at the end', async () => {
  const said = await watched(4000, true);
  expect(said.length).toBeGreaterThan(8);
  expect(said[0]).toContain('800 ms are over, and so on');
  expect(said[0]).toMatch(/… \(1 s\)$/);
  for (const line of said) {
    expect(line).not.toContain('\n');
    expect(line.replace('\r\u001b[2K', '').length).toBeLessThan(80);
  }
  expect(said.at(-1)).toBe('\r\u001b[2K');
});

test('elsewhere it is a plain line each ten seconds', async () => {
  const said = await watched(32_000, false);
  expect(said.map((line) => line.slice(0, 9))).toEqual(['9600 ms a', '19600 ms ', '29600 ms ']);
  expect(said.every((line) => line.endsWith(' s)\n') && !line.includes('\u001b'))).toBe(true);
});

test('with --json or --quiet nothing is said', async () => {
  expect(await watched(4000, true, { json: true })).toEqual([]);
  expect(await watched(4000, false, { quiet: true })).toEqual([]);
});

test('work that fails leaves no line behind, and its error goes through', async () => {
  const said: string[] = [];
  const terminal = { isTty: true, err: (text: string) => void said.push(text) } as unknown as CliContext['terminal'];
  const failing = withProgress(
    { terminal, options: { json: false, quiet: false, color: true } },
    'looking',
    async () => {
      await new Promise((next) => setTimeout(next, 1500));
      throw new Error('the disk is full');
    },
  );
  const caught = failing.catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await caught).toBe('the disk is full');
  expect(said.at(-1)).toBe('\r\u001b[2K');
});

test('while a person is asked something, nothing is drawn over the question', async () => {
  const said: string[] = [];
  const terminal = { isTty: true, err: (text: string) => void said.push(text) } as unknown as CliContext['terminal'];
  const done = withProgress(
    { terminal, options: { json: false, quiet: false, color: true } },
    'looking',
    async (tell) => {
      await new Promise((next) => setTimeout(next, 1500));
      tell(null);
      said.push('Which column?');
      await new Promise((next) => setTimeout(next, 5000));
    },
  );
  await vi.advanceTimersByTimeAsync(7000);
  await done;
  expect(said.slice(-2)).toEqual(['\r\u001b[2K', 'Which column?']);
});

test('the tree of a run shows how far the stage under way is, and why it is tried again', () => {
  const story = {
    ...{ run: 'churn-000007', open: true, stage: 'train', outcome: null, waiting_for: null, sentence: 'training' },
    stages: [
      { stage: 'ingest', started: '2026-02-01T00:00:00.000Z', ended: '2026-02-01T00:00:07.000Z' },
      { stage: 'train', started: '2026-02-01T00:00:07.000Z', ended: null },
    ],
  } as unknown as RunStory;
  const work = (more: Partial<PendingWork>) =>
    stageTree(story, createColors(false), new Date('2026-02-01T00:01:27.000Z'), [
      {
        activity: 'train',
        attempt: 1,
        lastFailure: null,
        code: null,
        nextTry: null,
        progress: 'step 40 of 300',
        ...more,
      },
    ]);
  expect(work({}).slice(0, 4)).toEqual([
    'churn-000007',
    '  ✔ ingest     7.0 s',
    '  ▸ train      1 min    step 40 of 300',
    '  · evaluate',
  ]);
  const again = work({ attempt: 3, progress: null, lastFailure: `the trainer ${'did not '.repeat(20)}` });
  expect(again[2]).toMatch(/^ {2}▸ train {6}1 min {4}try 3, the last: the trainer did not .*…$/);
  expect(Math.max(...again.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test.each([
  [{ done: 3, total: 12, sentence: '2013-03: 27,000 rows' }, 'part 3 of 12, 2013-03: 27,000 rows'],
  [{ type: 'progress', step: 40, of: 1300, metrics: { auc: 0.7 } }, 'step 40 of 1,300'],
  [{ scored: 12345 }, '12,345 rows scored'],
  [{ day: '2013-04-01', rows: 900 }, '900 rows of 2013-04-01 scored'],
  [{ champion: { requests: 7 }, boots: [] }, null],
  [undefined, null],
])('a heartbeat in words: %j', (details, words) => {
  expect(progressText(details)).toBe(words);
});
