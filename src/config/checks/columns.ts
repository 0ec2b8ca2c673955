/** Columns that may not be features, because nobody knows them when a prediction is made. */
import type { ModelConfig } from '../model.ts';
import type { Check, Complaint } from './check.ts';

/** Columns known only afterwards (or only about the row itself), and why each is no feature. */
export function forbidden({ data }: ModelConfig): Map<string, string> {
  const { label } = data;
  return new Map([
    [data.id, 'it is data.id, a name for the row that says nothing about the next one'],
    [data.event_time, 'it is data.event_time; derive what you need from it under features.sql'],
    ...data.outcomes.map((name) => [name, 'data.outcomes says that it is known only afterwards'] as const),
    ...(label.available_at === null ? [] : [[label.available_at, 'it says when the label became known'] as const]),
    [label.column, 'it is the label'],
  ]);
}

export const featuresAreKnownBeforehand: Check = (config) => {
  const { use, sql } = config.features;
  const banned = forbidden(config);
  const plainly = use.flatMap((name, index): Complaint[] => {
    const why = banned.get(name);
    return why === undefined
      ? []
      : [
          {
            path: ['features', 'use', index],
            message: `${name} may not be a feature: ${why}`,
            hint: 'take it out of features.use',
          },
        ];
  });
  // An expression may use the event time (hour of day, age); it may not use what is known only afterwards.
  banned.delete(config.data.event_time);
  banned.delete(config.data.id);
  const derived = Object.entries(sql).flatMap(([name, { expr }]) =>
    [...banned].flatMap(([column, why]): Complaint[] =>
      mentions(expr, column)
        ? [{ path: ['features', 'sql', name, 'expr'], message: `the expression uses ${column}: ${why}` }]
        : [],
    ),
  );
  return [...plainly, ...derived];
};

/** Whether SQL names a column, quoted or bare; text literals are not names. */
export function mentions(expr: string, column: string): boolean {
  const names = expr.replace(/'(?:[^']|'')*'/g, "''").match(/"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
  return names.some((name) => (name.startsWith('"') ? name.slice(1, -1) : name).toLowerCase() === column.toLowerCase());
}

export const featureNamesAreUnique: Check = ({ features: { use, sql, windows = {} } }) => [
  ...use.flatMap((name, index): Complaint[] =>
    use.indexOf(name) === index ? [] : [{ path: ['features', 'use', index], message: `${name} is listed twice` }],
  ),
  ...Object.keys(sql).flatMap((name): Complaint[] =>
    use.includes(name)
      ? [
          {
            path: ['features', 'sql', name],
            message: `${name} is also in features.use; give the expression its own name`,
          },
        ]
      : [],
  ),
  ...Object.keys(windows).flatMap((name): Complaint[] =>
    use.includes(name) || Object.hasOwn(sql, name)
      ? [{ path: ['features', 'windows', name], message: `${name} is a feature already; give the window its own name` }]
      : [],
  ),
];

export const categoriesAreFeatures: Check = ({ features: { use, sql, windows = {}, categories } }) =>
  categories.columns.flatMap((name, index): Complaint[] => {
    const path = ['features', 'categories', 'columns', index];
    const section = Object.hasOwn(sql, name) ? 'sql' : 'windows';
    const derived = Object.hasOwn(sql, name) ? sql[name] : Object.hasOwn(windows, name) ? windows[name] : undefined;
    if (derived !== undefined && derived.type !== 'string') {
      return [
        {
          path,
          message: `${name} is a category, but features.${section} gives it the type ${derived.type}`,
          hint: 'write type: string',
        },
      ];
    }
    if (derived !== undefined || use.includes(name)) return [];
    return [{ path, message: `${name} is neither in features.use nor in features.sql or features.windows` }];
  });

export const labelFitsTask: Check = ({ task, data: { label } }) =>
  task === 'binary' && label.positive === undefined
    ? [
        {
          path: ['data', 'label', 'positive'],
          message: 'a binary task needs the value that counts as positive, such as positive: 1',
        },
      ]
    : [];

export const fairnessNeedsDecisions: Check = ({ task, gate: { fairness } }) =>
  fairness !== 'none' && task !== 'binary'
    ? [{ path: ['gate', 'fairness'], message: `limits between groups are about decisions; a ${task} task makes none` }]
    : [];

/** Columns that only the gate reads must not be the answer, and must mean something. */
export const gateColumnsMeanSomething: Check = (config) => {
  const { task, data, gate } = config;
  const { business, propensity } = gate.weights;
  const named = [
    [['gate', 'weights', 'business'], business],
    [['gate', 'weights', 'propensity'], propensity],
    [['gate', 'incumbent'], gate.incumbent],
  ] as const;
  const answers = named.flatMap(([path, name]): Complaint[] =>
    name === data.label.column ? [{ path: [...path], message: `${name} is the label` }] : [],
  );
  const pointless: Complaint[] =
    propensity !== null && !data.selective_labels
      ? [
          {
            path: ['gate', 'weights', 'propensity'],
            message: 'rows are weighed by a propensity only where labels are selective',
            hint: 'write data.selective_labels: true, or take it out',
          },
        ]
      : [];
  const several: Complaint[] =
    gate.incumbent !== null && task === 'multiclass'
      ? [{ path: ['gate', 'incumbent'], message: 'one column cannot hold the scores of several classes' }]
      : [];
  return [...answers, ...pointless, ...several];
};

export const criticalSlicesAreSlices: Check = ({ gate: { slices } }) =>
  slices.critical.flatMap((name, index): Complaint[] =>
    slices.columns.includes(name)
      ? []
      : [{ path: ['gate', 'slices', 'critical', index], message: `${name} is not in gate.slices.columns` }],
  );
