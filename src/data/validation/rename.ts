/** Guesses which new column is a missing one under another name: by name, by type, and by what the values look like. */
import { editDistance } from '../../config/nearest.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import { isNumeric, isTime } from './column-types.ts';

/** Names, from 0 (nothing in common) to 1, from which a guess is made without looking at values. */
const ALIKE = 0.6;
/** Likeness of values from which a guess is made whatever the name is. */
const SAME_VALUES = 0.95;

export interface Missing {
  readonly name: string;
  /** Its type when it was last seen; null where nobody knows. */
  readonly type: string | null;
  /** SQL condition of a row that holds the column's rules, for a candidate in its place; null without such rules. */
  readonly holds: ((candidate: Candidate) => string) | null;
}

export interface Candidate {
  readonly name: string;
  readonly type: string;
}

export interface Guess {
  readonly name: string;
  readonly why: string;
}

/**
 * @param relation rows of the delivery
 * @param past a relation that still has the missing column, or null
 * @returns the likeliest candidate, or null where none is likely
 */
export async function guessRename(
  db: Connection,
  missing: Missing,
  candidates: readonly Candidate[],
  relation: string,
  past: string | null,
): Promise<Guess | null> {
  const times = candidates.filter(({ type }) => kind(type) === 'time');
  if (missing.type !== null && kind(missing.type) === 'time' && times.length === 1 && times[0]) {
    return { name: times[0].name, why: 'it is the only time that nobody names' };
  }
  const scored: (Guess & { score: number })[] = [];
  for (const { name, type } of candidates) {
    if (missing.type !== null && kind(type) !== kind(missing.type)) continue;
    const names = nameLikeness(missing.name, name);
    const values = await valueLikeness(db, missing, name, type, relation, past);
    if (names < ALIKE && (values === null || values < SAME_VALUES)) continue;
    if (values !== null && values < 0.5) continue;
    const told = values === null ? 'the type fits' : `the type fits and ${Math.round(values * 100)} % of its values do`;
    scored.push({ name, score: names + (values ?? 0), why: names >= ALIKE ? `the names are alike and ${told}` : told });
  }
  const [best, second] = scored.sort((a, b) => b.score - a.score);
  return best && (!second || best.score > second.score) ? best : null;
}

/** 1 for the same letters and digits, whatever their case and separators are; else by edits, or by shared words. */
function nameLikeness(one: string, other: string): number {
  const plain = (name: string) =>
    name
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '');
  const [a, b] = [plain(one), plain(other)];
  const longest = Math.max(a.length, b.length);
  if (longest === 0) return 0;
  const shortest = Math.min(a.length, b.length);
  const inside = shortest >= 4 && (a.includes(b) || b.includes(a)) ? 0.6 + (0.4 * shortest) / longest : 0;
  return Math.max(inside, 1 - editDistance(a.slice(0, 128), b.slice(0, 128)) / longest);
}

function kind(type: string): 'number' | 'time' | 'text' {
  return isNumeric(type) ? 'number' : isTime(type) ? 'time' : 'text';
}

/** Share of the candidate's values that could be the missing column's: within its past range or set, and its rules. */
async function valueLikeness(
  db: Connection,
  missing: Missing,
  name: string,
  type: string,
  relation: string,
  past: string | null,
): Promise<number | null> {
  const column = quoteName(name);
  if (past !== null) {
    const old = quoteName(missing.name);
    const fits = kind(type) === 'text' ? `${column} IN (SELECT ${old} FROM ${past})` : withinMiddle(column, old, past);
    return await shareOf(db, fits, column, relation);
  }
  if (missing.holds === null) return null;
  return await shareOf(db, missing.holds({ name, type }), column, relation);
}

/** 98 % of the past lay there; a column of another unit or meaning rarely does. */
function withinMiddle(column: string, old: string, past: string): string {
  return `${column} BETWEEN (SELECT quantile_disc(${old}, 0.01) FROM ${past}) AND (SELECT quantile_disc(${old}, 0.99) FROM ${past})`;
}

async function shareOf(db: Connection, fits: string, column: string, relation: string): Promise<number | null> {
  const [row] = await rowsOf(
    db,
    `SELECT count(*) FILTER (WHERE ${fits}) AS fit, count(${column}) AS n FROM ${relation}`,
  );
  const n = Number(row?.['n']);
  return n === 0 ? null : Number(row?.['fit']) / n;
}
