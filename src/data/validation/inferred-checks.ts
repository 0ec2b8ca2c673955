/** What is checked of each row without being asked for: ids, times, labels, and numbers that no model can use. */
import type { ModelConfig } from '../../config/model.ts';
import type { InferredRule } from '../../config/sections/rules.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';
import { gradeOf } from './grades.ts';
import type { RowCheck } from './row-checks.ts';

/** Earlier events are taken for an empty time that was read as the epoch (give or take a time zone). */
const PREHISTORIC = '1971-01-01T00:00:00.000Z';
/** The largest integer below which every integer is a DOUBLE of its own. */
const EXACT = 9_007_199_254_740_992n;

type Ungraded = Omit<RowCheck, 'severity' | 'tolerate' | 'rule'> & { readonly rule: InferredRule };

/**
 * @param types of all columns
 * @param latest ISO instants: of an event, and of a label
 */
export function inferredChecks(
  config: ModelConfig,
  types: ReadonlyMap<string, string>,
  latest: { event: string; label: string },
): RowCheck[] {
  const all = [
    ...rowChecks(config, latest.event),
    ...labelTimeChecks(config, latest.label),
    ...numberChecks(config, types),
  ];
  return all.flatMap((check) => {
    const severity = gradeOf(config, check.rule);
    return severity === 'off' ? [] : [{ ...check, severity, tolerate: 0 }];
  });
}

function rowChecks({ data }: ModelConfig, horizon: string): Ungraded[] {
  const { id, event_time: eventTime } = data;
  const time = quoteName(eventTime);
  return [
    {
      rule: 'id_missing',
      column: id,
      wrong: `${quoteName(id)} IS NULL`,
      limit: 'every row has an id',
      what: 'have no id',
      cure: 'Labels could not be joined: give every row an id.',
      proven: ({ nulls }) => nulls === 0,
    },
    {
      rule: 'event_time_missing',
      column: eventTime,
      wrong: `${time} IS NULL OR NOT isfinite(${time})`,
      limit: 'every row has a time',
      what: 'have no usable event time',
      cure: 'They belong to no window and are never trained on: give every row its time.',
    },
    {
      rule: 'future_event',
      column: eventTime,
      wrong: `${time} >= ${quoteInstant(horizon)} AND isfinite(${time})`,
      limit: `before ${horizon}`,
      what: `lie in the future, at or after ${horizon}`,
      cure: 'Mend the clock or the time zone of the source, or give a later --as-of.',
    },
    {
      rule: 'prehistoric_event',
      column: eventTime,
      wrong: `${time} < ${quoteInstant(PREHISTORIC)} AND isfinite(${time})`,
      limit: 'from 1971 on',
      what: 'are older than 1971, as an empty time read as the epoch is',
      cure: 'Deliver null for an unknown time; if the events are that old, set data.checks.prehistoric_event: off.',
    },
  ];
}

function labelTimeChecks({ data }: ModelConfig, horizon: string): Ungraded[] {
  const { label, event_time: eventTime } = data;
  if (label.available_at === null) return [];
  const [at, time, outcome] = [label.available_at, eventTime, label.column].map(quoteName);
  const column = label.available_at;
  return [
    {
      rule: 'future_label',
      column,
      wrong: `${at} > ${quoteInstant(horizon)} AND ${outcome} IS NOT NULL`,
      limit: `not after ${horizon}`,
      what: `have a label that became known in the future, after ${horizon}`,
      cure: 'Nobody can know them: mend the label time in the source.',
    },
    {
      rule: 'label_before_event',
      column,
      wrong: `${at} < ${time}`,
      limit: 'not before the event',
      what: 'have a label that is older than its event',
      cure: 'Such a label is no outcome of the event: check both times in the source.',
    },
    {
      rule: 'label_without_time',
      column,
      wrong: `${at} IS NULL AND ${outcome} IS NOT NULL`,
      limit: 'every label says when it became available',
      what: 'have a label but not the time when it became known',
      cure: 'Replays count such labels as known from the start: fill the column.',
    },
  ];
}

function numberChecks({ features }: ModelConfig, types: ReadonlyMap<string, string>): Ungraded[] {
  return features.use.flatMap((column): Ungraded[] => {
    const name = quoteName(column);
    const type = types.get(column) ?? '';
    if (/^(FLOAT|DOUBLE)$/.test(type)) {
      const cure = 'Write null for an unknown value; an infinite one is usually a division by zero in the source.';
      const what = 'are NaN or infinite';
      return [{ rule: 'not_finite', column, wrong: `NOT isfinite(${name})`, limit: 'finite or null', what, cure }];
    }
    if (!/^U?(BIGINT|HUGEINT)$/.test(type) || features.categories.columns.includes(column)) return [];
    return [
      {
        rule: 'inexact_integer',
        column,
        wrong: `${name} > ${EXACT} OR ${name} < -${EXACT}`,
        limit: 'within ±2^53',
        what: 'are integers beyond 2^53, which a model can only round',
        cure: 'Such a number is a name: list the column under features.categories.columns, or take it out of features.use.',
        proven: ({ least, most }) =>
          least !== null && most !== null && BigInt(least) >= -EXACT && BigInt(most) <= EXACT,
      },
    ];
  });
}
