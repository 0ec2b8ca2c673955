/** What the comparison of a refit with its judged twin adds to the gate's report. */
import { z } from 'zod';
import type { GateReport } from './contract.ts';

/** Attested as `twin` beside a refit whose scores are outside the limits, where the labels explain it. */
export const twinNote = z.strictObject({ moved: z.string() });

/** The report as people and policy are to read it: such a refit is approved by a person, who gives a reason. */
export function withTwin(report: GateReport, refit: number, note: z.output<typeof twinNote> | undefined): GateReport {
  if (!note) return report;
  const sentence =
    `The world has moved since the rows that the judged version was fitted on: version ${refit}, its refit, scores unlike it: ` +
    `${note.moved}. On rows after that it was never judged.`;
  return { ...report, warnings: [...report.warnings, sentence], person: [...report.person, sentence] };
}
