/** The text of a model file from what the data says: a line each, with the reason beside it. */
import type { DataProfile } from '../../data/profile/contract.ts';
import type { Roles } from '../../data/profile/roles-contract.ts';
import { type RuleGroup, suggestRules } from '../../data/profile/rules.ts';
import { quoteName } from '../../data/sql-text.ts';
import { count } from '../../numbers.ts';
import type { Split } from './split.ts';
import { inline, line, list, remark, withComment } from './yaml-lines.ts';

export interface ModelFacts {
  readonly model: string;
  /** A group of `config/hone.yaml`. */
  readonly owner: string;
  readonly source: { readonly type: string; readonly path: string };
  readonly from: string;
  readonly to: string;
  readonly profile: DataProfile;
  readonly roles: Roles;
  readonly split: Split;
}

/** Levels of a category that the gate looks at one by one. */
const SLICE_LEVELS = 10;
const SLICES = 2;

export function modelFile(facts: ModelFacts): string {
  const { model, owner, profile, roles, source, from, to } = facts;
  const columns = new Map(profile.columns.map((column) => [column.name, column]));
  const rules = suggestRules(roles, columns);
  return [
    remark(
      `Written by \`hone model init\` from ${count(profile.rows)} rows of ${source.path}, ${from.slice(0, 10)} to ${to.slice(0, 10)}.`,
    ),
    remark('Columns and limits are guesses with their reasons: read them before the first run.'),
    withComment(
      'extends: ../defaults.yaml',
      `\`hone config explain ${model}\` shows every effective value and its origin`,
    ),
    line(0, 'model', model),
    line(0, 'owner', owner, 'a group of config/hone.yaml; its people approve'),
    'tier: standard',
    line(0, 'task', roles.label.task),
    ...dataSection(facts, rules),
    ...featuresSection(facts),
    ...trainingSection(facts),
    ...gateSection(facts),
    ...restSection(facts),
    '',
  ].join('\n');
}

function dataSection({ source, roles, profile, split }: ModelFacts, groups: readonly RuleGroup[]): string[] {
  const { id, entity, time, label, labelTime, outcomes } = roles;
  const rarer = label.rarer === null ? '' : `; the rarer value is ${percent(label.rarer)} of the known ones`;
  const positive = label.positive === undefined ? [] : [line(4, 'positive', label.positive, 'the value to predict')];
  const maturity =
    labelTime === null
      ? 'CHECK: nothing here says when a label is known; until practically all are in'
      : `99.5 % of the labels are known ${hours(labelTime.delayMs)} after their event`;
  return [
    'data:',
    line(2, 'source', source),
    line(2, 'id', id.column, id.why),
    line(2, 'entity', entity?.column ?? null, entity?.why ?? 'nothing comes back: a canary parts traffic by id'),
    line(2, 'event_time', time.column, `${time.why}; a prediction is made then`),
    '  label:',
    line(4, 'column', label.column, `${label.why}${rarer}`),
    ...positive,
    line(4, 'available_at', labelTime?.column ?? null, labelTime?.why ?? 'no column says when the label was known'),
    line(4, 'mature_after', split.matureAfter, maturity),
    line(4, 'if_never', 'exclude', 'what a label that never came means: exclude, negative, positive, censored'),
    ...outcomes.map(
      ({ column, why }) =>
        `  ${remark(`${named(column)}: ${why}. If it is known beforehand, move it to features.use.`)}`,
    ),
    ...list(
      2,
      'outcomes',
      outcomes.map(({ column }) => column),
    ),
    line(2, 'volume', { min_rows: Math.min(1000, Math.floor(profile.rows / 2)), against_recent_past: '50%' }),
    withComment(
      '  rules:',
      'what this data keeps today; where you know the limit, make a warning quarantine or reject',
    ),
    ...groups.flatMap(({ about, rules }) => [
      `    ${remark(about)}`,
      ...rules.map(({ rule, seen }) => withComment(`    - ${inline(rule)}`, seen)),
    ]),
  ];
}

function featuresSection({ roles }: ModelFacts): string[] {
  const { numbers, categories, leftOut, time } = roles;
  const [use, levels] = [[...categories, ...numbers], categories].map((some) => some.map(({ column }) => column)) as [
    string[],
    string[],
  ];
  return [
    'features:',
    ...list(2, 'use', use),
    ...leftOut.map(({ column, why }) => `  ${remark(`left out: ${named(column)}: ${why}`)}`),
    withComment(
      '  sql: {}',
      `such as hour: ${inline({ type: 'int32', expr: `extract(hour FROM ${quoteName(time.column)})` })}`,
    ),
    '  categories:',
    ...list(4, 'columns', levels),
    withComment('    min_count: 50', 'rarer values are one: other. Fitted on training rows only'),
    '    max_levels: 200',
    '    unseen: other',
  ];
}

function trainingSection({ profile, split }: ModelFacts): string[] {
  const leaf = Math.max(5, Math.min(50, Math.floor(profile.rows / 500)));
  const about = `of ${count(split.days)} days; the holdout has about ${count(split.judged)} labelled rows`;
  return [
    'training:',
    '  trainer: lightgbm',
    withComment('  window: { type: all_history }', 'or { type: rolling, length: P90D } where old rows mislead'),
    line(2, 'split', { validation: split.validation, holdout: split.holdout, gap: split.gap }, about),
    withComment(
      '  refit: full',
      'after a pass: the same recipe on all mature rows; none = serve exactly what was judged',
    ),
    line(2, 'params', {
      n_estimators: 100,
      learning_rate: 0.1,
      num_leaves: 31,
      min_child_samples: leaf,
      reg_lambda: 1,
    }),
    '  seed: 7',
  ];
}

function gateSection({ roles, split, profile }: ModelFacts): string[] {
  const binary = roles.label.task === 'binary';
  const primary = binary ? 'roc_auc' : 'root_mean_squared_error';
  const margin = binary ? { roc_auc: 0.01, log_loss: '1%' } : { root_mean_squared_error: '2%' };
  const floors = binary ? { roc_auc: 0.55, log_loss: 'below_baseline' } : { root_mean_squared_error: 'below_baseline' };
  const slices = roles.categories
    .flatMap(({ column }) => profile.columns.find(({ name }) => name === column) ?? [])
    .filter(({ distinct }) => distinct <= SLICE_LEVELS)
    .slice(0, SLICES)
    .map(({ name }) => name);
  const small = split.uncertainty;
  return [
    'gate:',
    line(2, 'primary', primary),
    ...(small
      ? [
          line(
            2,
            'uncertainty',
            small,
            'less than the defaults of 2,000 and 200: the data has no more, so gates will see less',
          ),
        ]
      : []),
    line(
      2,
      'champion',
      { promote_when: 'non_inferior', margin },
      'how much worse still counts as not worse: yours to know',
    ),
    line(2, 'floors', floors, 'what a first version must reach'),
    ...(slices.length > 0
      ? [line(2, 'slices', { columns: slices }, 'shown one by one; name those that may block under critical')]
      : []),
  ];
}

function restSection({ owner, roles }: ModelFacts): string[] {
  const hashed = roles.entity === null ? [] : [roles.entity.column];
  return [
    'approval:',
    withComment('  auto: never', 'always a person, until you trust it'),
    line(2, 'otherwise', { approvers: 1, from: [owner], deadline: 'P2D', on_expiry: 'reject' }),
    'monitoring:',
    withComment(
      `  log: ${inline({ keep: 'all_features', hash: hashed })}`,
      'without features in the log there is no drift',
    ),
    withComment('triggers:', 'all off: runs start by hand'),
    '  schedule: { enabled: false }',
    '  performance: { enabled: false }',
    '  calibration: { enabled: false }',
  ];
}

/** A name in a comment: bare where it is plain. */
function named(column: string): string {
  return /^[\w.-]+$/.test(column) ? column : JSON.stringify(column);
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;

function hours(ms: number): string {
  const value = ms / 3_600_000;
  return value < 48 ? `${Number(value.toPrecision(2))} hours` : `${Number((value / 24).toPrecision(2))} days`;
}
