/** Rules that the data itself suggests: what it keeps today, with room, so that tomorrow's delivery is held against it. */
import type { Rule } from '../../config/sections/rules.ts';
import { type ColumnSummary, LONGEST_TEXT } from './contract.ts';
import type { Roles, Summaries } from './roles-contract.ts';

/** Room on either side of a range, as a share of it. */
const ROOM = 0.1;
/** Categories with at most so many values, each seen so often, are taken as a closed set. */
const CLOSED = { levels: 20, rows: 5 } as const;
/** Whole numbers without a hole, at most so many, are counted as codes: weekdays, hours, half-hours. */
const CODES = 60;

export interface SuggestedRule {
  readonly rule: Rule;
  /** What was seen. */
  readonly seen: string;
}

export interface RuleGroup {
  readonly about: string;
  readonly rules: readonly SuggestedRule[];
}

/**
 * The id and types reject; ranges, sets and missing shares only warn: they are what was seen so far, not what is
 * allowed, and nobody's rows should be set aside by a guess. All of them hold on the data they come from.
 */
export function suggestRules(roles: Roles, columns: Summaries): RuleGroup[] {
  const { id, label, numbers, categories } = roles;
  const features = [...categories, ...numbers].flatMap(({ column }) => columns.get(column) ?? []);
  const target = label.task === 'regression' ? [columns.get(label.column)].filter((one) => one !== undefined) : [];
  const unique: SuggestedRule = {
    rule: { unique: [id.column], severity: 'reject' },
    seen: 'joins predictions to labels',
  };
  const groups = [
    { about: 'the id and types: another one is another source', rules: [unique, ...features.map(typeRule)] },
    {
      about: 'values seen so far, with room around numbers',
      rules: [...features, ...target].flatMap((one) => [...rangeRule(one), ...setRule(one)]),
    },
    { about: 'missing shares seen so far, half as much again and 2 %', rules: features.flatMap(missingRule) },
  ];
  return groups.filter(({ rules }) => rules.length > 0);
}

function typeRule({ name, type, kind }: ColumnSummary): SuggestedRule {
  const wanted = kind === 'boolean' ? 'boolean' : kind === 'text' ? 'string' : /INT/.test(type) ? 'integer' : 'number';
  return { rule: { column: name, type: wanted, severity: 'reject' }, seen: type };
}

function rangeRule({ name, kind, type, min, max, distinct }: ColumnSummary): SuggestedRule[] {
  if (kind !== 'number' || typeof min !== 'number' || typeof max !== 'number' || distinct <= 2) return [];
  const seen = `${figure(min)} to ${figure(max)}`;
  const rule = (least: number, most: number): SuggestedRule[] => [
    { rule: { column: name, between: [least, most], severity: 'warn' }, seen },
  ];
  if (/INT/.test(type) && distinct <= CODES && distinct === max - min + 1) return rule(min, max);
  const room = (max - min) * ROOM;
  // to two digits of the span, so that limits are easy to read
  const step = 10 ** (Math.floor(Math.log10(max - min)) - (/INT/.test(type) && max - min < 10 ? 0 : 1));
  const outwards = (value: number, way: (x: number) => number) => Number((way(value / step) * step).toPrecision(12));
  const [least, most] = [outwards(min - room, Math.floor), outwards(max + room, Math.ceil)];
  // what was never negative, and what stays within 0 and 1, is usually so by its nature
  const isShare = min >= 0 && max <= 1;
  return rule(min >= 0 ? Math.max(0, least) : least, isShare ? 1 : max <= 0 ? Math.min(0, most) : most);
}

function setRule({ name, kind, exact, distinct, top }: ColumnSummary): SuggestedRule[] {
  if (kind !== 'text' || !exact || distinct > CLOSED.levels || top.length < distinct) return [];
  if (top.some(({ rows, value }) => rows < CLOSED.rows || String(value).length >= LONGEST_TEXT)) return [];
  const values = top.map(({ value }) => String(value)).sort();
  const rarest = Math.min(...top.map(({ rows }) => rows));
  return [{ rule: { column: name, in: values, severity: 'warn' }, seen: `each at least ${rarest} times` }];
}

function missingRule({ name, missing, rows }: ColumnSummary): SuggestedRule[] {
  const share = missing / rows;
  const limit = share === 0 ? 0.01 : Math.ceil((share * 1.5 + 0.02) * 100) / 100;
  if (limit >= 1) return []; // nothing to be worse than
  const seen = missing === 0 ? 'never missing' : `${Number((share * 100).toPrecision(2))} % missing`;
  return [{ rule: { column: name, missing_at_most: limit, severity: 'warn' }, seen }];
}

const figure = (value: number): string => String(Number(value.toPrecision(5)));
