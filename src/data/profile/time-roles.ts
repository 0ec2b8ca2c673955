/** Which column says when an event happened, and which when its label became known. */
import { type Connection, rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import type { ColumnSummary, ProfileSource } from './contract.ts';
import { DataUnsuitable, RoleUnclear } from './errors.ts';
import { found } from './label-role.ts';
import type { Chosen, LabelRole, LabelTime } from './roles-contract.ts';

const LIKE_AN_EVENT = /(^|_)(event|ts|timestamp|datetime|occurred|happened|decision|prediction)($|_)/i;
const LIKE_A_LABEL_TIME = /(label|outcome|available|known|resolved|closed|settled|matured|ended|finished)/i;
const SQL_CURE =
  'Write times as 2026-08-01 13:40:00 in the file; or write the model file by hand, with a source of type sql that makes ' +
  "the time: to_timestamp(created) of seconds, strptime(created, '%d/%m/%Y %H:%M') of text (docs/how-to/sources.md).";
/** Labels that come later than this share of them are left to `if_never`. */
const MOST_LABELS = 0.995;

/** @throws RoleUnclear, DataUnsuitable */
export async function timeRoles(
  db: Connection,
  columns: readonly ColumnSummary[],
  label: LabelRole,
  given: string | undefined,
): Promise<{ time: Chosen; labelTime: LabelTime | null; others: readonly string[] }> {
  const times = await timesOf(db, columns);
  const time = given === undefined ? undefined : await givenTime(db, columns, given);
  const late = await labelTimes(db, times, columns, label, given);
  const event = time ?? eventTime(times, late, columns);
  const labelTime = late.find((candidate) => candidate.after === event.column);
  const others = times.filter((name) => name !== event.column && name !== labelTime?.column);
  return { time: event, labelTime: labelTime ?? null, others };
}

/** Columns of a time type; where there is none, texts that are times. */
async function timesOf(db: Connection, columns: readonly ColumnSummary[]): Promise<string[]> {
  const typed = columns.filter(({ kind, missing, rows }) => kind === 'time' && missing < rows);
  if (typed.length > 0) return typed.map(({ name }) => name);
  const texts = columns.filter(({ kind, min }) => kind === 'text' && /^\d{4}-\d{2}-\d{2}/.test(String(min)));
  const are = await Promise.all(texts.map(({ name }) => isTime(db, name)));
  return texts.filter((_, i) => are[i]).map(({ name }) => name);
}

async function isTime(db: Connection, name: string): Promise<boolean> {
  const [row] = await rowsOf(
    db,
    `SELECT count(*) AS n, count(TRY_CAST(${quoteName(name)} AS TIMESTAMPTZ)) AS times FROM sample WHERE ${quoteName(name)} IS NOT NULL`,
  );
  return Number(row?.['n']) > 0 && Number(row?.['n']) === Number(row?.['times']);
}

async function givenTime(db: Connection, columns: readonly ColumnSummary[], name: string): Promise<Chosen> {
  const { kind, type } = found(columns, name, '--time');
  if (kind === 'time' || (kind === 'text' && (await isTime(db, name)))) return { column: name, why: 'you named it' };
  throw new DataUnsuitable(`--time ${JSON.stringify(name)} is ${type}, which is no time`, SQL_CURE);
}

function eventTime(times: readonly string[], late: readonly LabelTime[], columns: readonly ColumnSummary[]): Chosen {
  const complete = times.filter((name) => {
    const column = columns.find((each) => each.name === name);
    return column !== undefined && column.missing <= column.rows * 0.01 && !late.some((each) => each.column === name);
  });
  const exact = complete.filter((name) => columns.find((column) => column.name === name)?.type !== 'DATE');
  const candidates = exact.length > 0 ? exact : complete;
  const named = candidates.filter((name) => LIKE_AN_EVENT.test(name));
  const [only, ...others] = named.length === 1 ? named : candidates;
  if (only === undefined) {
    const epochs = columns.filter(({ kind, min, max }) => kind === 'number' && Number(min) > 6e8 && Number(max) < 5e12);
    const like = epochs.length === 0 ? '' : `; ${JSON.stringify(epochs[0]?.name)} may be seconds since 1970`;
    throw new DataUnsuitable(`no column is a time that is known on every row${like}`, SQL_CURE);
  }
  if (others.length > 0) throw new RoleUnclear('time', candidates);
  const why =
    candidates.length === 1 ? 'the only time that every row has' : 'a time on every row, and named like an event';
  return { column: only, why };
}

/** Times that come with the label: named like it, or known exactly where it is, and never before another time. */
async function labelTimes(
  db: Connection,
  times: readonly string[],
  columns: readonly ColumnSummary[],
  label: LabelRole,
  given: string | undefined,
): Promise<(LabelTime & { after: string })[]> {
  const found: (LabelTime & { after: string })[] = [];
  for (const name of times.filter((each) => each !== given)) {
    const together = label.known < 1 && (await knownTogether(db, name, label.column));
    if (!together && !LIKE_A_LABEL_TIME.test(name)) continue;
    for (const earlier of times.filter(
      (each) => each !== name && columns.find((c) => c.name === each)?.missing === 0,
    )) {
      const delayMs = await delayAfter(db, earlier, name, label.column);
      if (delayMs === null) continue;
      const reason = together ? `known exactly where ${label.column} is` : 'named like the time of a label';
      found.push({ column: name, why: `${reason}, and never before ${earlier}`, delayMs, after: earlier });
    }
  }
  return found;
}

export async function knownTogether(db: Connection, name: string, label: string): Promise<boolean> {
  const [row] = await rowsOf(
    db,
    `SELECT count(*) FILTER ((${quoteName(name)} IS NULL) <> (${quoteName(label)} IS NULL)) AS apart FROM sample`,
  );
  return Number(row?.['apart']) === 0;
}

/** How long most labels take; null where one in a hundred comes before the event. */
async function delayAfter(db: Connection, event: string, later: string, label: string): Promise<number | null> {
  const [at, then] = [event, later].map((name) => `TRY_CAST(${quoteName(name)} AS TIMESTAMPTZ)`);
  const [row] = await rowsOf(
    db,
    `SELECT count(*) AS n, count(*) FILTER (delay < 0) AS before, quantile_disc(delay, ${MOST_LABELS}) AS most
     FROM (SELECT epoch_ms(${then}) - epoch_ms(${at}) AS delay FROM sample WHERE ${quoteName(label)} IS NOT NULL)
     WHERE delay IS NOT NULL`,
  );
  const [n, before] = [Number(row?.['n']), Number(row?.['before'])];
  return n > 0 && before <= n * 0.01 ? Math.max(0, Number(row?.['most'])) : null;
}

/** First and last instant of a column that holds times, whatever its type. */
export async function spanOf(
  db: Connection,
  { relation, columns }: ProfileSource,
  time: string,
): Promise<[string, string]> {
  const sql = columns.find(({ name }) => name === time)?.sql ?? 'NULL';
  const instant = `TRY_CAST(${sql} AS TIMESTAMPTZ)`;
  const [row] = await rowsOf(
    db,
    `SELECT epoch_ms(min(t))::DOUBLE AS first, epoch_ms(max(t))::DOUBLE AS last FROM (SELECT ${instant} AS t FROM ${relation}) WHERE isfinite(t)`,
  );
  return [new Date(Number(row?.['first'])).toISOString(), new Date(Number(row?.['last'])).toISOString()];
}
