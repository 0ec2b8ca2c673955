/** Findings in the order in which a person would mend them, and never more of them than a report can hold. */
import type { Severity } from '../../config/sections/rules.ts';
import type { Finding } from '../contract.ts';

/** Bytes of JSON: a report stays under 64 kB with what stands around its findings. */
const MAX_BYTES = 56_000;
export const MAX_FINDINGS = 60;
const MAX_SENTENCE = 1200;

const weight: Readonly<Record<Severity, number>> = { reject: 0, quarantine: 1, warn: 2 };

/** By severity, then by share of the rows; findings that are alike keep their order. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => weight[a.severity] - weight[b.severity] || b.share - a.share);
}

/**
 * Examples are given up before findings are, those of the mildest findings first. What is left out is counted in a last
 * finding of its severity.
 *
 * @param findings worst first
 */
export function bounded(findings: readonly Finding[]): Finding[] {
  const short = findings.slice(0, MAX_FINDINGS).map((finding) => ({ ...finding, sentence: cut(finding.sentence) }));
  let bytes = short.reduce((total, finding) => total + sizeOf({ ...finding, examples: [] }), 0);
  const kept = short.map((finding): Finding => {
    const { lines: _, ...rest } = finding;
    const more = sizeOf(finding.examples) + sizeOf(finding.lines ?? []);
    if (bytes + more > MAX_BYTES) return { ...rest, examples: [] };
    bytes += more;
    return finding;
  });
  const rest = findings.slice(MAX_FINDINGS);
  const [worst] = rest;
  return worst ? [...kept, remainder(worst, rest.length)] : kept;
}

function remainder({ severity }: Finding, count: number): Finding {
  const sentence = `${count} more findings are not listed. Mend those above first; they often have one cause.`;
  const limit = `${MAX_FINDINGS} findings in a report`;
  return { rule: 'more_findings', column: null, severity, count, share: 1, limit, examples: [], sentence };
}

function cut(sentence: string): string {
  return sentence.length > MAX_SENTENCE ? `${sentence.slice(0, MAX_SENTENCE - 1)}…` : sentence;
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
