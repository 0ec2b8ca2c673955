import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Connection, rowsOf, withDuckDb } from '../../../src/data/engine.ts';
import type { FeatureDefinition, FeatureJoin, FeatureWindow } from '../../../src/data/features/definition.ts';
import { lookupTables } from '../../../src/data/features/lookup-tables.ts';
import { withLookups } from '../../../src/data/features/row-relation.ts';
import { surroundings } from '../surroundings.ts';

interface Row {
  readonly t: number;
  readonly key: string | null;
  readonly x: number | null;
  readonly y: number | null;
  readonly known: number | null;
}

interface ReferenceRow {
  readonly key: string;
  readonly from: number;
  readonly known: number;
  readonly v: number | null;
}

/** Hours since the epoch: coarse, so that edges of windows are met often. */
const hour = 3_600_000;
const key = fc.constantFrom('a', 'b', '', null);
const row: fc.Arbitrary<Row> = fc.record({
  t: fc.integer({ min: 0, max: 40 }),
  key,
  x: fc.option(fc.integer({ min: -5, max: 5 })),
  y: fc.option(fc.constantFrom(0, 1)),
  known: fc.option(fc.integer({ min: 0, max: 60 })),
});
const history = fc.array(row, { minLength: 1, maxLength: 25 });
const reference = fc.uniqueArray(
  fc.record({
    key: fc.constantFrom('a', 'b'),
    from: fc.integer({ min: 0, max: 50 }),
    known: fc.integer({ min: 0, max: 50 }),
    v: fc.option(fc.integer({ min: 0, max: 9 })),
  }),
  { maxLength: 10, selector: ({ key, from, known }) => `${key} ${from} ${known}` },
);
const shape = fc.record({ length: fc.integer({ min: 1, max: 12 }), delay: fc.integer({ min: 0, max: 6 }) });

const aggregates = {
  sum: { expr: 'sum(x)', of: (rows: Row[]) => total(rows.map(({ x }) => x)) },
  mean: { expr: 'avg(x) -- of all', of: (rows: Row[]) => mean(rows.map(({ x }) => x)) },
  rows: { expr: 'count(*)', of: (rows: Row[]) => rows.length },
  large: {
    expr: 'count(*) FILTER (WHERE x > 2)',
    of: (rows: Row[]) => rows.filter(({ x }) => x !== null && x > 2).length,
  },
  smallest: { expr: 'min(x + 1)', of: (rows: Row[]) => least(rows.map(({ x }) => (x === null ? null : x + 1))) },
  kinds: {
    expr: 'count(DISTINCT x)',
    of: (rows: Row[]) => new Set(rows.map(({ x }) => x).filter((x) => x !== null)).size,
  },
};

const known = (values: (number | null)[]) => values.filter((value) => value !== null);
const total = (values: (number | null)[]) =>
  known(values).length === 0 ? null : known(values).reduce((sum, value) => sum + value, 0);
const mean = (values: (number | null)[]) =>
  known(values).length === 0 ? null : Math.fround((total(values) ?? 0) / known(values).length);
const least = (values: (number | null)[]) => (known(values).length === 0 ? null : Math.min(...known(values)));

function definitionOf(length: number, delay: number): FeatureDefinition {
  const window = (name: string, expr: string, of_labels: boolean): FeatureWindow => {
    return { name, type: 'float32', by: ['key'], length_ms: length * hour, delay_ms: delay * hour, expr, of_labels };
  };
  const join = (name: string, known_at: string | null): FeatureJoin => ({
    ...{ name, path: name, key: [{ column: 'key', reference: 'key' }], valid_from: 'starts', known_at },
    columns: [{ name: 'v', type: 'int32' }],
  });
  const windows = [
    ...Object.entries(aggregates).map(([name, { expr }]) => window(name, expr, false)),
    window('labels', 'avg(y)', true),
  ];
  return {
    ...{ model: 'tiny', numeric: [], categorical: [], columns: [], hidden: ['y', 'known'], digest: '' },
    joins: [join('valid', null), join('corrected', 'learnt')],
    windows,
  };
}

type Values = Record<string, number | null>;

const instant = (hours: number | null) => (hours === null ? 'NULL::TIMESTAMPTZ' : `to_timestamp(${hours * 3600})`);
const text = (value: string | null) => (value === null ? 'NULL' : `'${value}'`);

/** Values of every row by hone, in the order given. */
async function byHone(db: Connection, rows: readonly Row[], references: readonly ReferenceRow[], d: FeatureDefinition) {
  const raw = rows.map(
    ({ t, key, x, y, known }, i) => `(${i}, ${instant(t)}, ${text(key)}, ${x}::INT, ${y}::INT, ${instant(known)})`,
  );
  const joined = references.map(
    ({ key, from, known, v }) => `('${key}', ${instant(from)}, ${instant(known)}, ${v}::INT)`,
  );
  await db.run(
    `CREATE OR REPLACE TABLE raw AS SELECT * FROM (VALUES ${raw.join(', ')}) AS r(id, at_, key, x, y, known)`,
  );
  await db.run('CREATE OR REPLACE TABLE reference (key VARCHAR, starts TIMESTAMPTZ, learnt TIMESTAMPTZ, v INTEGER)');
  if (joined.length > 0) await db.run(`INSERT INTO reference VALUES ${joined.join(', ')}`);
  const latest = `(SELECT DISTINCT ON (key, starts) key, starts, v FROM reference ORDER BY learnt)`;
  const data = {
    event_time: 'at_',
    label: { column: 'y', available_at: 'known', mature_after: 'PT0S', if_never: 'exclude' as const },
  };
  const tablesByPath = new Map([
    ['valid', latest],
    ['corrected', 'reference'],
  ]);
  const tables = await lookupTables(
    {
      db,
      definition: d,
      data,
      relation: 'raw',
      references: tablesByPath,
      asOf: '1980-01-01T00:00:00Z',
      limitMs: 60_000,
    },
    { to: '1980-01-01T00:00:00Z' },
  );
  const names = [...(d.windows ?? []).map(({ name }) => `windows.${name}`), 'valid.v', 'corrected.v'];
  const select = names.map((name) => `${name}::DOUBLE AS ${name.replace('windows.', '').replace('.v', '')}`);
  const relation = withLookups('raw', d, tables, 'at_');
  const found = await rowsOf(db, `SELECT ${select.join(', ')} FROM ${relation} ORDER BY id`);
  for (const { table } of tables.values()) await db.run(`DROP TABLE ${table}`);
  return found as Values[];
}

/** The same by a loop over all rows for each row. */
function byLoop(rows: readonly Row[], references: readonly ReferenceRow[], length: number, delay: number): Values[] {
  const latest = references.filter(
    (one) => !references.some((other) => other.key === one.key && other.from === one.from && other.known < one.known),
  );
  return rows.map(({ t, key }) => {
    const inside = (moment: number | null) => moment !== null && moment >= t - length - delay && moment < t - delay;
    const same = key === null || key === '' ? [] : rows.filter((other) => other.key === key);
    const plain = same.filter((other) => inside(other.t));
    const labelled = same.filter((other) => inside(other.known === null ? null : Math.max(other.t, other.known)));
    const valid = (known: boolean) =>
      (known ? references : latest)
        .filter((one) => one.key === key && one.from <= t && (!known || one.known <= t))
        .sort((a, b) => a.from - b.from || a.known - b.known)
        .at(-1)?.v ?? null;
    return {
      ...Object.fromEntries(Object.entries(aggregates).map(([name, { of }]) => [name, of(plain)])),
      labels: mean(labelled.map(({ y }) => y)),
      valid: valid(false),
      corrected: valid(true),
    };
  });
}

test('joins and windows are what a loop over all rows computes, for any small history', async () => {
  const { dir } = await surroundings();
  await withDuckDb({ tempDir: dir }, async (db) => {
    await fc.assert(
      fc.asyncProperty(history, reference, shape, async (rows, references, { length, delay }) => {
        const found = await byHone(db, rows, references, definitionOf(length, delay));
        expect(found).toEqual(byLoop(rows, references, length, delay));
      }),
      { numRuns: 30 },
    );
  });
});

test('nothing that happens or becomes known later changes a feature of the past', async () => {
  const { dir } = await surroundings();
  const later = fc.array(row, { minLength: 1, maxLength: 10 });
  await withDuckDb({ tempDir: dir }, async (db) => {
    await fc.assert(
      fc.asyncProperty(history, later, reference, shape, async (rows, planted, references, { length, delay }) => {
        const now = 41; // all of `rows` have happened, not all labels are known
        const definition = definitionOf(length, delay);
        const past = references.filter(({ known, from }) => Math.max(known, from) < now);
        const before = await byHone(db, rows, past, definition);
        const changed = rows.map((one) => (one.known !== null && one.known >= now ? { ...one, y: 1 } : one));
        const future = planted.map((one) => ({ ...one, t: one.t + now, known: (one.known ?? 0) + now }));
        const after = await byHone(db, [...changed, ...future], references, definition);
        // without a time at which it was learnt, a row of the table is held to be known when it becomes valid
        const compared = (values: Values[]) => values.slice(0, rows.length).map(({ valid: _, ...rest }) => rest);
        expect(compared(after)).toEqual(compared(before));
      }),
      { numRuns: 20 },
    );
  });
});
