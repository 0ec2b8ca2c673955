/** Files where they lie: what is refused, what may be shown, and how large a report may grow. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ModelConfig } from '../../../src/config/model.ts';
import { withDuckDb } from '../../../src/data/engine.ts';
import { validateDelivery } from '../../../src/data/validation/delivery.ts';
import { USUAL_GRADES } from '../../../src/data/validation/grades.ts';
import { withinLimit } from '../../../src/data/validation/time-limit.ts';
import { project, type Surroundings, surroundings, tinyConfig, writeParquet, writeText } from '../surroundings.ts';

const ROWS = 2000;
const tiny = (change: Record<string, string> = {}, rows = ROWS) => {
  const columns: Record<string, string> = {
    id: 'i',
    entity: "'e' || (i % 7)",
    at: "TIMESTAMPTZ '2013-01-15' + INTERVAL (i * 1728) SECOND",
    x: '(i % 11)::DOUBLE',
    kind: "CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END",
    y: '(i % 3 = 0)::INT',
    known_at: "TIMESTAMPTZ '2013-01-15' + INTERVAL (i * 1728 + 3600) SECOND",
    ...change,
  };
  const select = Object.entries(columns).map(([name, sql]) => `${sql} AS "${name.replaceAll('"', '""')}"`);
  return `SELECT ${select.join(', ')} FROM range(${rows}) AS t(i)`;
};

async function judge(
  around: Surroundings,
  path: string,
  change: (config: ModelConfig) => void = () => {},
  more: Partial<Parameters<typeof validateDelivery>[0]> = {},
) {
  const config = await tinyConfig(path, (config) => {
    config.data.checks = { ...config.data.checks, label_copy: 'off', predicts_label: 'off', outcome_copy: 'off' };
    config.monitoring.log.keep = 'all_features';
    config.monitoring.log.hash = [];
    change(config);
  });
  const places = { workDir: around.workDir, cwd: around.dir, base: around.dir };
  return await validateDelivery({
    config,
    data: path,
    asOf: null,
    now: '2026-01-01T00:00:00.000Z',
    ...places,
    ...more,
  });
}

test('a report of thousands of levels and hostile names is small, valid and harmless', async () => {
  const around = await surroundings();
  const evil = 'evil"\n\u001b[31m</td><script>alert(1)</script>\u202e`';
  const value = `'<b>\u001b[2J"' || i || '\u202e\n'`;
  const path = await writeParquet(around.dir, 'evil.parquet', tiny({ kind: value, [evil]: value }));
  const report = await judge(around, path, (config) => {
    config.features.use.push(evil);
    config.features.categories.columns.push(evil);
    config.data.rules = [
      { column: evil, in: Array.from({ length: 10_000 }, (_, i) => `level ${i}`), severity: 'quarantine' },
      { column: evil, matches: '[a-z]+', severity: 'warn' },
      { column: 'kind', in: ['a', 'b'], severity: 'warn' },
    ];
  });
  const json = JSON.stringify(report);
  expect(json.length).toBeLessThan(64_000);
  expect(JSON.parse(json)).toEqual(report);
  expect(report.findings.map(({ rule }) => rule)).toEqual(
    expect.arrayContaining(['quarantined', 'in', 'matches', 'cardinality']),
  );
  for (const { message, limit, examples = [] } of report.findings) {
    expect([message, limit, ...examples].join('')).not.toMatch(/[\p{Cc}\p{Cf}<>]/u);
    expect(examples.length).toBeLessThanOrEqual(20);
  }
  const named = report.findings.find(({ rule, column }) => rule === 'in' && column === evil);
  expect(named?.message).toContain('"evil\\"\\u000a\\u001b[31m\\u003c/td\\u003e\\u003cscript\\u003e');
  expect(named?.limit).toMatch(/level 0, .*level 7, … \(10000 values\)/);
});

test('three hundred broken columns make a small report too: the mildest findings are only counted', async () => {
  const around = await surroundings();
  const names = Array.from({ length: 300 }, (_, i) => `column_${i}_${'long'.repeat(30)}`);
  const path = await writeParquet(
    around.dir,
    'wide.parquet',
    tiny(Object.fromEntries(names.map((name) => [name, `'${'x'.repeat(300)}' || i`])), 200),
  );
  const report = await judge(around, path, (config) => {
    config.data.checks = Object.fromEntries(Object.keys(USUAL_GRADES).map((rule) => [rule, 'off']));
    config.features.use = ['x'];
    config.features.categories.columns = [];
    config.data.rules = names.map((column) => ({ column, matches: 'x', severity: 'warn' as const }));
    config.data.rules.push({ column: 'x', between: [0, 1], severity: 'reject' });
  });
  expect(JSON.stringify(report).length).toBeLessThan(64_000);
  expect(report.findings[0]).toMatchObject({ rule: 'between', severity: 'reject' });
  expect(report.findings.at(-1)?.message).toMatch(/^\d+ more findings are not listed\./);
});

test('examples show neither what the log policy hashes nor what it does not keep', async () => {
  const around = await surroundings();
  const path = await writeParquet(around.dir, 'tiny.parquet', tiny({ secret: "'s' || i" }));
  const rules: ModelConfig['data']['rules'] = [
    { column: 'x', between: [0, 5], severity: 'warn' },
    { column: 'kind', in: ['a'], severity: 'warn' },
    { column: 'secret', in: ['s'], severity: 'warn' },
    { unique: ['entity'], severity: 'warn' },
  ];
  const report = await judge(around, path, (config) => {
    config.data.rules = rules;
    config.monitoring.log.hash = ['kind', 'entity'];
  });
  const first = (name: string) => report.findings.find(({ column }) => column === name)?.examples?.[0];
  expect(first('x')).toBe('id 6: x 6.0');
  expect(first('kind')).toBe('id 1: kind (kept back by monitoring.log)');
  expect(first('secret')).toBe('id 0: secret (kept back by monitoring.log)');
  expect(first('entity')).toBe('entity (kept back by monitoring.log): 286 rows');
  expect(JSON.stringify(report)).not.toMatch(/e0|s17/);
});

test.each([
  ['integers that footers bound closely', 'i // 40 - 30', '(i % 40)::UTINYINT'],
  ['integers far apart', 'i // 40 * 1000000007', 'i % 40 * 1000000007'],
  ['text and integer', "'b' || (i // 40)", 'i % 40'],
])('a key of two columns is unique or not, whatever their types: %s', async (_, batch, place) => {
  const around = await surroundings();
  const key: ModelConfig['data']['rules'] = [{ unique: ['batch', 'place'], severity: 'warn' }];
  const findings = async (name: string, change: Record<string, string>) => {
    const path = await writeParquet(around.dir, name, tiny({ batch, place, ...change }));
    const report = await judge(around, path, (config) => {
      config.data.rules = key;
    });
    return report.findings.filter(({ rule }) => rule === 'unique').map(({ count }) => count);
  };
  expect(await findings('once.parquet', {})).toEqual([]);
  const before = place.replaceAll('i %', 'greatest(i - 1, 0) %');
  const again = { place: `CASE WHEN i IN (41, 1999) THEN ${before} ELSE ${place} END` };
  expect(await findings('twice.parquet', again)).toEqual([2]);
  expect(await findings('null.parquet', { place: `CASE WHEN i > 41 THEN ${place} END` })).toEqual([]);
});

test('lines of text are named, where a row breaks a rule and where it cannot be read', async () => {
  const around = await surroundings();
  const rows = Array.from({ length: 300 }, (_, i) => {
    const day = `2013-01-${String(1 + (i % 28)).padStart(2, '0')}`;
    return `${i},e,${day}T00:00:00Z,${i === 41 ? -3 : i % 9},a,${i % 2},${day}T01:00:00Z`;
  });
  const header = 'id,entity,at,x,kind,y,known_at';
  const good = await writeText(around.dir, 'good.csv', [header, ...rows].join('\n'));
  const rule = { column: 'x', between: [0, 9], severity: 'quarantine' } as const;
  const found = await judge(around, good, (config) => void config.data.rules.push({ ...rule, between: [0, 9] }));
  expect(found).toMatchObject({ verdict: 'quarantine', rows: { read: 300, accepted: 299, quarantined: 1 } });
  expect(found.findings[0]).toMatchObject({ rule: 'between', count: 1, lines: [43], examples: ['id 41: x -3'] });

  const ragged = await writeText(around.dir, 'ragged.csv', [header, ...rows.slice(0, 9), '1,2', ...rows].join('\n'));
  const refused = await judge(around, ragged);
  expect(refused).toMatchObject({ verdict: 'reject', rows: { read: 0, accepted: 0, quarantined: 0 } });
  expect(refused.findings[0]).toMatchObject({ rule: 'unreadable', severity: 'reject', lines: [11] });
  expect(refused.findings[0]?.message).toContain(`${ragged} cannot be read: line 11`);
});

test.each([
  ['0 bytes', 'empty.parquet', () => new Uint8Array(), /it is empty \(0 bytes\)/],
  ['CSV that is called Parquet', 'fake.parquet', () => Buffer.from('id,x\n1,2\n3,4\n'), /begins with "id,x"/],
  ['UTF-16', 'wide.csv', () => Buffer.from('\ufeffid,x\n1,2\n', 'utf16le'), /UTF-16/],
])('%s is a reject that names the file', async (_, name, bytes, problem) => {
  const around = await surroundings();
  const path = await writeText(around.dir, name, bytes());
  const { verdict, findings } = await judge(around, path);
  expect(verdict).toBe('reject');
  expect(findings[0]?.message).toContain(path);
  expect(findings[0]?.message).toMatch(problem);
});

test('against a history, columns that came are told and one that was renamed is known by its values', async () => {
  const around = await surroundings();
  const past = await writeParquet(around.dir, 'past.parquet', `SELECT * FROM (${tiny()}) WHERE id < 1500`);
  const now = (change: string) =>
    writeParquet(around.dir, 'now.parquet', `SELECT ${change} FROM (${tiny()}) WHERE id >= 1500`);
  const more = await judge(around, await now('*, 1 AS surprise'), () => {}, { history: past });
  expect(more).toMatchObject({ verdict: 'pass', rows: { read: 500 } });
  expect(more.findings).toMatchObject([{ rule: 'extra_column', column: 'surprise', severity: 'warn' }]);
  const renamed = await judge(around, await now('* RENAME (x AS quantity)'), () => {}, { history: past });
  expect(renamed.findings).toMatchObject([
    { rule: 'column_renamed', column: 'x', severity: 'reject' },
    { rule: 'extra_column', column: 'quantity' },
  ]);
  expect(renamed.findings[0]?.message).toMatch(
    /looks renamed to "quantity" \(the type fits and 100 % of its values do\)/,
  );
});

test('without a history, columns are compared with those of the source that the model file names', async () => {
  const around = await surroundings();
  await writeParquet(around.dir, 'usual.parquet', tiny({ unused: '1' }));
  const path = await writeParquet(around.dir, 'now.parquet', tiny({ surprise: '1' }));
  const { findings } = await judge(around, path, (config) => {
    config.data.source = { type: 'parquet', path: 'usual.parquet' };
  });
  expect(findings).toMatchObject([
    { rule: 'column_missing', column: 'unused', severity: 'warn' },
    { rule: 'extra_column', column: 'surprise', severity: 'warn' },
  ]);
});

test('patterns are matched in linear time, from end to end, and one that is none is a fault of the model file', async () => {
  const around = await surroundings();
  const path = await writeParquet(around.dir, 'tiny.parquet', tiny({ kind: "repeat('a', 20000 + i % 2) || '!'" }, 300));
  const matches = (pattern: string) => (config: ModelConfig) =>
    void config.data.rules.push({ column: 'kind', matches: pattern, severity: 'warn' });
  const evil = await judge(around, path, matches('(a+)+$'));
  expect(evil.findings.find(({ rule }) => rule === 'matches')).toMatchObject({ count: 300 });
  const part = await judge(around, path, matches('a+'));
  expect(part.findings.find(({ rule }) => rule === 'matches')).toMatchObject({ count: 300 });
  await expect(judge(around, path, matches('(a'))).rejects.toMatchObject({ code: 'HONE_USER_SQL_FAILED', exitCode: 2 });
});

test('SQL of a person that does not end is stopped, and said to be the fault of the rule', async () => {
  const around = await surroundings();
  const running = withDuckDb({ tempDir: around.dir }, (db) =>
    withinLimit(db, 100, 'the rule x', () =>
      db.run('SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b'),
    ),
  );
  await expect(running).rejects.toMatchObject({ code: 'HONE_USER_SQL_TOO_SLOW', exitCode: 2 });
});

test('inferred rules can be graded otherwise or switched off, and the usual grades are those of the defaults and stand on the page', async () => {
  const around = await surroundings();
  const path = await writeParquet(
    around.dir,
    'tiny.parquet',
    tiny({ x: "CASE WHEN i < 5 THEN 'inf'::DOUBLE ELSE i END" }),
  );
  const graded = async (grade: 'reject' | 'quarantine' | 'off') => {
    const set = (config: ModelConfig) => void Object.assign(config.data.checks ?? {}, { not_finite: grade });
    const { verdict, rows, findings } = await judge(around, path, set);
    return [verdict, rows.quarantined, findings.some(({ rule }) => rule === 'not_finite')];
  };
  expect(await graded('reject')).toEqual(['reject', 0, true]);
  expect(await graded('quarantine')).toEqual(['quarantine', 5, true]);
  expect(await graded('off')).toEqual(['pass', 0, false]);
  const defaults = parse(await readFile(join(project, 'config/defaults.yaml'), 'utf8'));
  expect(defaults.data.checks).toEqual(USUAL_GRADES);
  const page = await readFile(join(project, 'docs/reference/validation-rules.md'), 'utf8');
  expect(Object.keys(USUAL_GRADES).filter((rule) => !page.includes(`#### \`${rule}\``))).toEqual(['extra_column']);
});

test('a reference table that is not there is a fault of the model file, and nothing is left behind', async () => {
  const around = await surroundings();
  const path = await writeParquet(around.dir, 'tiny.parquet', tiny());
  const references = { column: 'kind', path: 'kinds.csv', key: 'name' };
  const refer = (config: ModelConfig) => void config.data.rules.push({ references, severity: 'reject' });
  const code = 'HONE_REFERENCE_TABLE_UNREADABLE';
  await expect(judge(around, path, refer)).rejects.toMatchObject({ code, exitCode: 2 });
  await writeText(around.dir, 'kinds.csv', 'title\na\nb\n');
  await expect(judge(around, path, refer)).rejects.toMatchObject({ code });
  await writeText(around.dir, 'kinds.csv', 'name\na\nb\n');
  expect(await judge(around, path, refer)).toMatchObject({ verdict: 'pass' });
  expect(await readdir(around.workDir)).toEqual([]);
});

test('integers beyond 2^53 are compared and shown exactly', async () => {
  const around = await surroundings();
  const big = '9007199254740992 + i';
  const path = await writeParquet(around.dir, 'big.parquet', tiny({ id: big, amount: big }));
  const report = await judge(around, path, (config) => {
    config.data.rules.push({ column: 'amount', in: ['9007199254740993'], severity: 'warn' });
  });
  const found = report.findings.find(({ rule }) => rule === 'in');
  expect(found).toMatchObject({ count: ROWS - 1 });
  expect(found?.examples?.[1]).toContain('id 9007199254740994:');
});
