/** Where the rollout of a run is, in words. Pure. */
import type { LedgerState } from './contract.ts';

type Served = Pick<LedgerState, 'aliases' | 'routing'>;

/**
 * @param step percent of entities, as the run says it
 * @param served of the model now: at 0 % a version is a shadow, or only loaded
 */
export function stepText({ step, paused }: { step: number | null; paused: boolean }, served: Served): string {
  const where = step === 0 ? beforeTraffic(served) : step === null ? 'over' : `at ${step} % of entities`;
  return paused ? `paused, ${where}` : where;
}

/** After a promotion the champion before may score as a shadow too: it is no rollout. */
function beforeTraffic({ aliases: { champion, shadow }, routing }: Served): string {
  const rolledOut = routing.arms.find(({ version }) => version !== champion?.version)?.version;
  return shadow === null || shadow.version !== rolledOut
    ? 'before the first share of traffic'
    : `as a shadow: version ${shadow.version} scores what the champion answers, and answers nobody`;
}
