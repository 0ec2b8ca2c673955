/** Joins, windows and features that come ready: what they may name, and what they exclude. */
import type { ModelConfig } from '../model.ts';
import { durationMs } from '../values.ts';
import type { Check, Complaint } from './check.ts';
import { forbidden, mentions } from './columns.ts';

type Sections = Pick<ModelConfig['features'], 'joins' | 'windows'>;
const joinsOf = ({ joins }: Sections) => Object.entries(joins ?? {});
const windowsOf = ({ windows }: Sections) => Object.entries(windows ?? {});

/** A key known only afterwards would find the answer; so would an aggregate over labels that nobody had yet. */
export const lookupsAreKnownBeforehand: Check = (config) => {
  const banned = forbidden(config);
  banned.delete(config.data.id);
  const keys = [
    ...joinsOf(config.features).flatMap(([name, { key }]) =>
      Object.keys(key).map((column) => ({ path: ['features', 'joins', name, 'key', column], column })),
    ),
    ...windowsOf(config.features).flatMap(([name, { by }]) =>
      by.map((column, i) => ({ path: ['features', 'windows', name, 'by', i], column })),
    ),
  ].flatMap(({ path, column }): Complaint[] => {
    const why = banned.get(column);
    return why === undefined ? [] : [{ path, message: `${column} may not be a key: ${why}` }];
  });
  banned.delete(config.data.event_time);
  const aggregates = windowsOf(config.features)
    .filter(([, window]) => !window.of_labels)
    .flatMap(([name, { expr }]) =>
      [...banned].flatMap(([column, why]): Complaint[] =>
        mentions(expr, column)
          ? [
              {
                path: ['features', 'windows', name, 'expr'],
                message: `the aggregate uses ${column}: ${why}`,
                hint: 'with of_labels: true a row counts from the time at which its label became known',
              },
            ]
          : [],
      ),
    );
  return [...keys, ...aggregates];
};

export const windowsAreUsable: Check = ({ features, data: { label } }) =>
  windowsOf(features).flatMap(([name, { length, of_labels: ofLabels }]): Complaint[] => {
    const path = ['features', 'windows', name];
    return [
      ...(durationMs(length) > 0 ? [] : [{ path: [...path, 'length'], message: 'must be more than nothing' }]),
      ...(ofLabels && label.available_at === null
        ? [
            {
              path: [...path, 'of_labels'],
              message: 'needs data.label.available_at: without it nobody can say which labels were known at an event',
            },
          ]
        : []),
    ];
  });

export const joinsAreNamedApart: Check = ({ features }) =>
  joinsOf(features).flatMap(([name, { columns }]): Complaint[] => {
    const path = ['features', 'joins', name];
    if (name.toLowerCase() === 'windows' || name.startsWith('_')) {
      return [{ path, message: `"${name}" is kept for hone; give the join another name` }];
    }
    return Object.keys(columns).length > 0 ? [] : [{ path: [...path, 'columns'], message: 'name at least one column' }];
  });

/** Features that come ready were computed elsewhere; a second computation here would be a second definition. */
export const precomputedComputesNothing: Check = ({ features }) => {
  if (!features.precomputed) return [];
  return (['sql', 'joins', 'windows'] as const).flatMap((section): Complaint[] =>
    Object.keys(features[section] ?? {}).length === 0
      ? []
      : [
          {
            path: ['features', section],
            message: 'must be empty with features.precomputed: true',
            hint: 'name the ready columns under features.use',
          },
        ],
  );
};
