/** Rules about whole columns: without a value, with a single one, with too many. */
import type { Finding } from '../contract.ts';
import { rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import type { ValidationContext } from './context.ts';
import { wholeGradeOf } from './grades.ts';
import type { ScanPart } from './row-scan.ts';
import { percent, showName } from './shown.ts';
import type { Statistics } from './statistics.ts';

/** Estimates of distinct values are off by a few per cent: from this share of a limit on, they are counted. */
const COUNTED_FROM = 0.8;

interface LevelLimit {
  readonly column: string;
  readonly most: number;
  readonly severity: 'reject' | 'warn';
  readonly rule: 'levels_at_most' | 'cardinality';
}

/** @param statistics of the files; a feature whose bounds differ has more than one value */
export function columnPart(context: ValidationContext, statistics: Statistics): ScanPart {
  const { db, config, raw, columns } = context;
  const emptyGrade = wholeGradeOf(config, 'all_null');
  const constantGrade = wholeGradeOf(config, 'constant');
  const features = emptyGrade || constantGrade ? config.features.use.filter((name) => columns.has(name)) : [];
  const open = features.filter((name) => {
    const { nulls, least, most } = statistics.get(name) ?? { nulls: null, least: null, most: null };
    return nulls === null || nulls === raw.rows || least === null || least === most;
  });
  const limits = levelLimits(context).filter(({ column }) => columns.has(column));
  return {
    select: [
      ...open.map((name, i) => `count(${quoteName(name)}) AS n${i}`),
      ...open.map((name, i) => `min(${quoteName(name)}) = max(${quoteName(name)}) AS k${i}`),
      ...limits.map(({ column }, i) => `approx_count_distinct(${quoteName(column)}) AS d${i}`),
    ],
    read: async (row) => {
      const single = open.flatMap((column, i): Finding[] => {
        const known = Number(row[`n${i}`]);
        if (known === 0 && emptyGrade) return [allNull(column, raw.rows, emptyGrade)];
        return known > 0 && row[`k${i}`] === true && constantGrade
          ? [constant(column, known, raw.rows, constantGrade)]
          : [];
      });
      const many: Finding[] = [];
      for (const [i, limit] of limits.entries()) {
        if (Number(row[`d${i}`]) < limit.most * COUNTED_FROM) continue;
        const [exact] = await rowsOf(db, `SELECT count(DISTINCT ${quoteName(limit.column)}) AS n FROM raw`);
        const levels = Number(exact?.['n']);
        if (levels > limit.most) many.push(tooMany(limit, levels, raw.rows));
      }
      return [...single, ...many];
    },
  };
}

/** Configured limits, and what the model's categories can hold where no rule says otherwise. */
function levelLimits({ config }: ValidationContext): LevelLimit[] {
  const configured = config.data.rules.flatMap((rule): LevelLimit[] =>
    'levels_at_most' in rule
      ? [{ column: rule.column, most: rule.levels_at_most, severity: rule.severity, rule: 'levels_at_most' }]
      : [],
  );
  const severity = wholeGradeOf(config, 'cardinality');
  if (severity === null) return configured;
  const { columns, max_levels: most } = config.features.categories;
  const ruled = new Set(configured.map(({ column }) => column));
  const inferred = columns.filter((column) => !ruled.has(column) && !config.features.sql[column]);
  return [...configured, ...inferred.map((column) => ({ column, most, severity, rule: 'cardinality' as const }))];
}

function allNull(column: string, rows: number, severity: 'reject' | 'warn'): Finding {
  const sentence = `Feature ${showName(column)} is null in all ${rows} rows. Mend the source, or remove it from features.use.`;
  return { rule: 'all_null', column, severity, count: rows, share: 1, limit: 'some values', examples: [], sentence };
}

function constant(column: string, known: number, rows: number, severity: 'reject' | 'warn'): Finding {
  const sentence = `Feature ${showName(column)} has one value in all ${known} rows where it is known: it teaches nothing. Check the source.`;
  const share = known / rows;
  return {
    rule: 'constant',
    column,
    severity,
    count: known,
    share,
    limit: 'more than one value',
    examples: [],
    sentence,
  };
}

function tooMany({ column, most, severity, rule }: LevelLimit, levels: number, rows: number): Finding {
  const kept = rule === 'cardinality' ? ` The model keeps the ${most} most frequent, the others become one.` : '';
  const sentence = `Column ${showName(column)} has ${levels} different values (${percent(levels / rows)} of the rows), more than ${most}.${kept} Look whether ids or free text came into it, or raise the limit.`;
  const limit = `at most ${most} different values`;
  return { rule, column, severity, count: levels, share: Math.min(1, levels / rows), limit, examples: [], sentence };
}
