/** Findings to a verdict and one sentence for a person. */
import type { Finding, ValidationReport } from '../contract.ts';
import { percent } from './shown.ts';
import { bounded, worstFirst } from './worst-first.ts';

/** More than this share set aside is no cleaning any more: the data is broken. */
const MAX_QUARANTINED = 0.2;

/** The finding that too many rows were set aside, or null. */
export function tooManyAside(count: number, rows: number): Finding | null {
  if (count <= rows * MAX_QUARANTINED) return null;
  const share = count / rows;
  const sentence = `Rules set aside ${count} of ${rows} rows (${percent(share)}, limit ${percent(MAX_QUARANTINED)}): that is no cleaning any more. Look at the quarantine findings and mend the source.`;
  return {
    rule: 'quarantined',
    column: null,
    severity: 'reject',
    count,
    share,
    limit: `at most ${percent(MAX_QUARANTINED)}`,
    examples: [],
    sentence,
  };
}

/** @param accepted digest of the snapshot that goes on */
export function report(
  raw: { rows: number },
  findings: Finding[],
  quarantined: number,
  accepted: string,
  vouched = 0,
): ValidationReport {
  const listed = bounded(worstFirst(findings));
  const rejects = listed.filter(({ severity }) => severity === 'reject');
  const warnings = listed.filter(({ severity }) => severity === 'warn').length;
  const [first] = rejects;
  const others = rejects.length > 1 ? ` ${rejects.length - 1} more findings reject too.` : '';
  const kept = vouched > 0 ? ` ${vouched} kept because a person vouched for them,` : '';
  const sentence = first
    ? `Rejected: ${first.sentence}${others} No model was trained; what is served stays as it is.`
    : `Accepted ${raw.rows - quarantined} of ${raw.rows} rows: ${quarantined} set aside,${kept} ${warnings} warnings.`;
  return { verdict: first ? 'reject' : 'accept', rows: raw.rows, quarantined, findings: listed, sentence, accepted };
}
