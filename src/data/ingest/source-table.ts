/** Turns a source relation into the rows known at `as_of`: types of the role columns settled, the future hidden. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { historyMs } from '../features/definition.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';
import { SourceColumnMissing, SourceColumnUnsuitable } from './errors.ts';
import { columnsOf, FILE, ROW } from './source-reader.ts';

const DAY = 86_400_000;
/** The engine's own names for the place of a row; a column of that name would hide them from validation. */
const reserved = new Set(['file_index', 'file_row_number']);
const numericId = /^(FLOAT|DOUBLE|DECIMAL\(\d+,[1-9]\d*\))$/;

/**
 * Creates the view `known`: every source column, where
 * - event time and label time are TIMESTAMPTZ (text is cast; a time without zone is UTC),
 * - label, label time and outcomes are NULL where the label's time is after `asOf`: nobody knew them then.
 *
 * Rows without a usable event time stay; the window leaves them out.
 *
 * @throws SourceColumnMissing, SourceColumnUnsuitable for the id, entity, event time, label, label time and outcomes
 */
export async function createKnown(db: Connection, relation: string, config: ModelConfig, asOf: string): Promise<void> {
  const { data } = config;
  const found = (await columnsOf(db, relation)).filter(({ name }) => ![FILE, ROW].includes(quoteName(name)));
  const taken = found.find(({ name }) => reserved.has(name.toLowerCase()));
  if (taken) {
    const cure = 'Rename it, in the source or with a source of type sql.';
    throw new SourceColumnUnsuitable(taken.name, 'a column', 'the name is one that the engine uses itself', cure);
  }
  const types = new Map(found.map(({ name, type }) => [name, type]));
  const names = [...types.keys()];
  for (const [column, role] of roles(config)) {
    if (!types.has(column)) throw new SourceColumnMissing(column, role, names);
  }
  for (const column of [data.id, data.entity]) {
    if (column === null || !numericId.test(types.get(column) ?? '')) continue;
    const cure = 'Deliver it as integer or text.';
    throw new SourceColumnUnsuitable(column, 'an id', `numbers of type ${types.get(column)} lose digits`, cure);
  }
  const times = [data.event_time, data.label.available_at].filter((name) => name !== null);
  for (const column of times) await checkTime(db, relation, column, types.get(column) ?? '');

  const availableAt = data.label.available_at;
  const later = new Set([data.label.column, ...data.outcomes, ...(availableAt ? [availableAt] : [])]);
  const select = found.map(({ name }) => {
    const quoted = quoteName(name);
    const value = times.includes(name) ? `CAST(${quoted} AS TIMESTAMPTZ)` : quoted;
    if (availableAt === null || !later.has(name)) return `${value} AS ${quoted}`;
    const unknown = `CAST(${quoteName(availableAt)} AS TIMESTAMPTZ) > ${quoteInstant(asOf)}`;
    return `CASE WHEN ${unknown} THEN NULL ELSE ${value} END AS ${quoted}`;
  });
  await db.run(`CREATE VIEW known AS SELECT ${select.join(', ')}, ${FILE}, ${ROW} FROM ${relation}`);
}

/**
 * Where the snapshot begins: null for all history (also since a break: only its rows tell whether they are enough),
 * else the start of a UTC day early enough for a rolling window and
 * its split (train, gap, validation, gap, holdout, maturity), with a day to spare for edges rounded to whole days, and for
 * the windows of features before the first row.
 */
export function windowStart(config: ModelConfig, asOf: string): string | null {
  const { window, split } = config.training;
  if (window.type !== 'rolling') return null;
  const lengths = [
    window.length,
    split.gap,
    split.validation,
    split.gap,
    split.holdout,
    config.data.label.mature_after,
  ];
  const needed = lengths.reduce((total, length) => total + Math.ceil(durationMs(length) / DAY) * DAY, DAY);
  const back = needed + Math.ceil(historyMs(config) / DAY) * DAY;
  return new Date(Math.floor((Date.parse(asOf) - back) / DAY) * DAY).toISOString();
}

function roles({ data }: ModelConfig): [string, string][] {
  const named: [string | null, string][] = [
    [data.id, 'data.id'],
    [data.entity, 'data.entity'],
    [data.event_time, 'data.event_time'],
    [data.label.column, 'data.label.column'],
    [data.label.available_at, 'data.label.available_at'],
    ...data.outcomes.map((name): [string, string] => [name, 'one of data.outcomes']),
  ];
  return named.filter((pair): pair is [string, string] => pair[0] !== null);
}

async function checkTime(db: Connection, relation: string, column: string, type: string): Promise<void> {
  if (/^(TIMESTAMP|DATE)/.test(type)) return;
  const quoted = quoteName(column);
  const cure = 'Deliver ISO 8601 in UTC such as 2013-04-10T06:00:00Z, or cast it with a source of type sql.';
  if (type !== 'VARCHAR') {
    throw new SourceColumnUnsuitable(column, 'a time', `its type is ${type}, which says no unit`, cure);
  }
  const [bad] = await rowsOf(
    db,
    `SELECT count(*) AS n, min(${quoted}) AS example FROM ${relation}
     WHERE ${quoted} IS NOT NULL AND TRY_CAST(${quoted} AS TIMESTAMPTZ) IS NULL`,
  );
  if (Number(bad?.['n']) > 0) {
    const problem = `${bad?.['n']} values are no time, such as ${JSON.stringify(bad?.['example'])}`;
    throw new SourceColumnUnsuitable(column, 'a time', problem, cure);
  }
}
