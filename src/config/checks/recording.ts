/** What is recorded: one fate a field, rising edges, limits of business figures that point to worse. */
import type { Check, Complaint } from './check.ts';

export const eachFieldHasOneFate: Check = ({ monitoring: { log } }) => {
  const fates: readonly (readonly [string, readonly string[]])[] = [
    ['hash', log.hash],
    ['bucket', Object.keys(log.bucket ?? {})],
    ['truncate', Object.keys(log.truncate ?? {})],
    ['drop', log.drop ?? []],
    ['keep', log.keep === 'all_features' ? [] : log.keep],
  ];
  const first = new Map<string, string>();
  const found: Complaint[] = [];
  for (const [fate, names] of fates) {
    for (const name of names) {
      const other = first.get(name);
      if (other === undefined) first.set(name, fate);
      else if (other !== fate)
        found.push({
          path: ['monitoring', 'log', fate],
          message: `${name} is named under ${other} and under ${fate}; a field is recorded in one way`,
          hint: `take ${name} out of one of them`,
        });
    }
  }
  return found;
};

export const bucketEdgesRise: Check = ({ monitoring: { log } }) =>
  Object.entries(log.bucket ?? {}).flatMap(([name, edges]) =>
    edges.every((edge, i) => i === 0 || edge > (edges[i - 1] ?? edge))
      ? []
      : [{ path: ['monitoring', 'log', 'bucket', name], message: `edges must rise; read [${edges.join(', ')}]` }],
  );

export const figuresAreNamedOnceAndPointToWorse: Check = ({ monitoring: { kpis, proxies = [] } }) => {
  const found: Complaint[] = [];
  const seen = new Set<string>();
  for (const [section, list] of [
    ['kpis', kpis],
    ['proxies', proxies],
  ] as const) {
    list.forEach(({ name, worse, alert_at }, i) => {
      const path = ['monitoring', section, i];
      if (seen.has(name)) found.push({ path: [...path, 'name'], message: `${name} is named twice` });
      seen.add(name);
      if (alert_at === 0 || alert_at > 0 !== (worse === 'higher')) {
        const hint = `write ${worse === 'higher' ? '+20%' : '-20%'}, or the other side under worse`;
        const message = `worse: ${worse} needs a limit ${worse === 'higher' ? 'above' : 'below'} zero; read ${alert_at}`;
        found.push({ path: [...path, 'alert_at'], message, hint });
      }
    });
  }
  return found;
};
