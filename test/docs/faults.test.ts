/** docs/faults.md names every fault and every bad input once, and tests that are there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../config/workspace.ts';
import { read } from './pages.ts';

const page = read('docs/faults.md');
const rows = [...page.matchAll(/^\| ([FBI]\d+) \|.*\| ([^|]*) \|$/gm)].map(([, number = '', shown = '']) => ({
  number,
  shown,
}));

test.each([
  ['I', 12],
  ['F', 68],
  ['B', 52],
])('the rows %s1 to %i are there once each, in order', (letter, count) => {
  const found = rows.map(({ number }) => number).filter((number) => number.startsWith(letter));
  expect(found).toEqual(Array.from({ length: count }, (_, i) => `${letter}${i + 1}`));
});

test('every file that the page names is there', () => {
  const named = new Set([...page.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path ?? ''));
  expect([...named].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('each fault is shown by a test, or says why not', () => {
  const bare = rows.filter(({ number }) => !number.startsWith('I'));
  expect(bare.filter(({ shown }) => !/`test\/[^`]+\.ts`|^not tested, because \S/.test(shown))).toEqual([]);
});

test('the faults of the first tier each have a test', () => {
  const first = [...range(1, 19), ...range(31, 45), ...range(52, 58)].map((number) => `F${number}`);
  const untested = rows.filter(({ number, shown }) => first.includes(number) && !shown.includes('`test/'));
  expect(untested).toEqual([]);
});

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
