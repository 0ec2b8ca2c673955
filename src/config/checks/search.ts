/** The configurations of `training.search`: each is spoken of by its name. */
import type { Check } from './check.ts';

export const configurationsAreNamedApart: Check = ({ training: { search } }) => {
  const names = search.configurations.map(({ name }) => name);
  return names.flatMap((name, at) =>
    name !== undefined && names.indexOf(name) < at
      ? [
          {
            path: ['training', 'search', 'configurations', at, 'name'],
            message: `two configurations are named ${name}`,
            hint: 'leave the name out, and the configuration is called by its number in the list',
          },
        ]
      : [],
  );
};
