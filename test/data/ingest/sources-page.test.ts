import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { source } from '../../../src/config/sections/sources.ts';
import { rawSnapshot } from '../../../src/data/contract.ts';
import { changeSentences } from '../../../src/data/ingest/change-sentences.ts';
import type { Changes } from '../../../src/data/ingest/contract.ts';
import { declaredProducer } from '../../../src/data/ingest/producer.ts';
import { project } from '../surroundings.ts';

const page = await readFile(join(project, 'docs/how-to/sources.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text);

test.each(blocks('yaml').map((text) => [text.trim().split('\n').slice(0, 3).join(' '), text]))(
  'docs/how-to/sources.md: %s is a source that a model file may have',
  (_, text) => {
    expect(source.safeParse(parse(text).source).error?.message).toBeUndefined();
  },
);

test('every type of source and every word for a change has its example on the page', () => {
  const types = new Set(blocks('yaml').map((text) => parse(text).source.type));
  expect([...types].sort()).toEqual(['command', 'csv', 'jsonl', 'parquet', 'sql']);
  const producer = rawSnapshot.shape.producer.parse(JSON.parse(blocks('json')[0] ?? ''));
  expect(declaredProducer({ producer })).toEqual(producer);
});

test('the messages on the page are those that are printed', () => {
  const none = { count: 0, names: [] };
  const facts: Omit<Changes, 'sentences'> = {
    since: { run: 'flights-delay-000041', as_of: '2013-02-01T00:00:00.000Z', raw: '0'.repeat(64) },
    periods: [
      { kind: 'new', from: '2013-01-21', to: '2013-01-25', rows: 30 },
      { kind: 'late', from: '2013-01-30', to: '2013-01-30', rows: 5 },
      { kind: 'out_of_order', from: '2013-01-01', to: '2013-01-31', rows: 372 },
      { kind: 'corrected', from: '2013-01-01', to: '2013-01-31', rows: 371 },
      { kind: 'removed', from: '2013-01-23', to: '2013-01-25', rows: 18 },
    ],
    labelled: 12,
    gaps: [{ from: '2013-02-01', to: '2013-02-28' }],
    files: {
      new: none,
      changed: none,
      gone: none,
      repeated: { count: 1, names: ['b.parquet'] },
      waiting: { count: 1, names: ['date=2013-02-02/a.parquet'] },
    },
  };
  const manifest = { rows: 1, window: { from: '2013-01-01T00:00:00.000Z', to: '2013-02-01T00:00:00.000Z' }, files: [] };
  const repeats = [{ name: 'b.parquet', sameAs: 'a.parquet' }];
  const sentences = changeSentences(facts, manifest, repeats);
  expect(sentences).toHaveLength(9);
  const nothing = { ...facts, periods: [], labelled: 0, gaps: [], files: { ...facts.files, waiting: none } };
  for (const sentence of [...sentences, ...changeSentences(nothing, manifest, [])]) expect(page).toContain(sentence);
});

test('a plural of periods, long lists and single rows read well', () => {
  const none = { count: 0, names: [] };
  const files = { new: none, changed: none, gone: none, repeated: none, waiting: none };
  const day = (n: number) => `2013-01-${String(2 * n).padStart(2, '0')}`;
  const periods = [1, 2, 3, 4, 5, 6, 7].map((n) => ({
    kind: 'corrected' as const,
    from: day(n),
    to: day(n),
    rows: 1000,
  }));
  const manifest = { rows: 1, window: { from: '2013-01-01T00:00:00.000Z', to: '2013-01-02T00:00:00.000Z' }, files: [] };
  const facts = { since: null, periods, labelled: 1, gaps: [], files };
  expect(changeSentences(facts, manifest, [])).toEqual([
    '2013-01-02, 2013-01-04, 2013-01-06, 2013-01-08, 2013-01-10 and 2 more were corrected: 7,000 rows that were there before say something else now.',
    '1 row got its label.',
    'First data: 1 row, 2013-01-01.',
  ]);
});
