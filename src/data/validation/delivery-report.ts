/** What validation of a delivery answers, under its public names. */
import type { Finding } from '../contract.ts';
import { bounded, worstFirst } from './worst-first.ts';

export interface PublicFinding extends Omit<Finding, 'sentence' | 'examples'> {
  readonly message: string;
  readonly examples?: string[];
}

export interface DeliveryReport {
  readonly verdict: 'pass' | 'quarantine' | 'reject';
  /** What was taken for now; null where nothing could be read. */
  readonly as_of: string | null;
  /** Worst first. */
  readonly findings: PublicFinding[];
  readonly rows: { readonly read: number; readonly accepted: number; readonly quarantined: number };
}

/** A rejected delivery has no accepted and no quarantined rows: it is refused whole. */
export function deliveryReport(found: {
  asOf: string | null;
  findings: readonly Finding[];
  read: number;
  quarantined: number;
}): DeliveryReport {
  const { asOf, read } = found;
  const rejected = found.findings.some(({ severity }) => severity === 'reject');
  const quarantined = rejected ? 0 : found.quarantined;
  return {
    verdict: rejected ? 'reject' : quarantined > 0 ? 'quarantine' : 'pass',
    as_of: asOf,
    findings: bounded(worstFirst(found.findings)).map(publicFinding),
    rows: { read, accepted: rejected ? 0 : read - quarantined, quarantined },
  };
}

function publicFinding({ sentence, examples, lines, window, ...rest }: Finding): PublicFinding {
  return {
    ...rest,
    message: sentence,
    ...(window ? { window } : {}),
    ...(lines ? { lines } : {}),
    ...(examples.length > 0 ? { examples } : {}),
  };
}
