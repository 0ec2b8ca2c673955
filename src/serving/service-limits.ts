/** Whether a prediction server is beyond a limit now: as a look judges it, without waiting for one. */
import type { ModelConfig } from '../config/model.ts';
import { checkService } from '../monitoring/checks/service-check.ts';
import type { NodeRecord } from './contract.ts';

/** `monitoring.service` of a model file. */
export type ServiceLimits = NonNullable<ModelConfig['monitoring']['service']>;

export const MEASURES = ['cpu', 'memory', 'latency', 'errors'] as const;

export interface Breach {
  readonly measure: (typeof MEASURES)[number];
  readonly sentence: string;
}

/**
 * @param limits by model, those that the server serves; of several models that are exceeded in one measure, the first is told
 * @param now wall-clock time: a server that fell silent is beyond nothing
 */
export function beyondLimits(
  record: NodeRecord,
  limits: Readonly<Record<string, ServiceLimits>>,
  now: string,
): readonly Breach[] {
  const own = Object.entries(limits).flatMap(([model, one]) => (record.models[model] === undefined ? [] : [one]));
  const broken = own
    .flatMap((one) => checkService([record], one, now).findings)
    .filter(({ state }) => state === 'broken');
  return MEASURES.flatMap((measure) => {
    const found = broken.find(({ subject }) => subject === `${record.node} ${measure}`);
    return found === undefined ? [] : [{ measure, sentence: found.sentence }];
  });
}
