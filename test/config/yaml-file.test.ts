import { expect, test } from 'vitest';
import { plain } from '../../src/config/tree.ts';
import { readYaml } from '../../src/config/yaml-file.ts';

const messages = (text: string) =>
  readYaml('x.yaml', text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

test.each([
  ['a duplicate key', 'a: 1\nb: 2\na: 3\n', '3:1 this key is written twice in one record; keep one of them'],
  ['a second document', 'a: 1\n---\nb: 2\n', '2:1 a second YAML document starts here; write one document a file'],
  ['a standard tag', 'a: !!str 1\n', '1:10 the tag !!str is not allowed; write the plain value'],
  ['a tag of its own', 'a: !run ls\n', '1:9 the tag !run is not allowed; write the plain value'],
  ['a number that may be octal', 'a: 012\n', '1:4 012 may mean 12 or the text "012"; write which'],
  ['an empty file', '', '1:1 this file is empty; a record of settings is needed'],
  ['a list instead of a record', '- a\n', '1:1 a record of settings (key: value) is needed here'],
  ['a reserved key', 'a:\n  __proto__: { x: 1 }\n', '2:3 the key __proto__ is reserved and not allowed'],
  ['an alias to nothing', 'a: *b\n', '1:4 the alias *b points to nothing'],
])('%s is a problem with its place', (_, text, expected) => {
  expect(messages(text)).toContain(expected);
});

test('a reserved key never reaches the prototype of objects', () => {
  readYaml('x.yaml', '__proto__: { polluted: yes }\nconstructor: { prototype: { polluted: yes } }\n');
  expect('polluted' in {}).toBe(false);
});

test('a bomb of aliases is refused in no time', () => {
  const levels = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`);
  const started = Date.now();
  expect(messages(`l0: &l0 [x]\n${levels.join('\n')}\n`).join()).toContain('aliases');
  expect(Date.now() - started).toBeLessThan(1000);
});

test.each([50, 100_000])('%i nested lists are refused', (depth) => {
  expect(messages(`a: ${'['.repeat(depth)}${']'.repeat(depth)}`).join()).toContain('nested more than 24 deep');
});

test('aliases, dates and words of old YAML are read plainly', () => {
  const { tree, problems } = readYaml('x.yaml', 'a: &a { x: no }\nb: *a\nc: 2013-01-01\nd: 1e3\r\n');
  expect(problems).toEqual([]);
  expect(tree && plain(tree)).toEqual({ a: { x: 'no' }, b: { x: 'no' }, c: '2013-01-01', d: 1000 });
});
