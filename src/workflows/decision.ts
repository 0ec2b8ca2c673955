/** From a passed gate to a decision: a packet, people, and a new packet whenever what the first rests on has moved. */

import type { ApprovalFacts } from '../activities/approval-facts.ts';
import type { Desk } from '../policy/approvals.ts';
import type { LaidPacket } from './approval.ts';
import { type Judged, judgeUntilDecided } from './judgement.ts';
import type { Run } from './run.ts';
import { step } from './steps.ts';

/** What deciding needs of the desk. */
interface Table {
  /** Null: the packet became void. */
  lay(packet: LaidPacket): Promise<Desk['verdict']>;
  readonly facts: () => ApprovalFacts | null;
  readonly state: () => Desk;
}

export interface Deciding {
  readonly candidate: number;
  readonly served: number;
  /** Digest of the validation report. */
  readonly report: string;
  readonly judged: Judged;
}

export interface Decided {
  readonly verdict: NonNullable<Desk['verdict']> | null;
  /** As it was decided on: another champion is judged against anew. With no verdict it says why there is none. */
  readonly judged: Judged;
}

export async function decide(run: Run, desk: Table, { candidate, served, report, judged }: Deciding): Promise<Decided> {
  const { starters, reasons } = run.order;
  let current = judged;
  for (let number = 1; ; number++) {
    const packet = await run.stage('approve', () =>
      step('short', number === 1 ? 'put the packet together' : `put packet ${number} together`).packet(run.ref, {
        ...{ judged: candidate, served, number, validation: report },
        ...{ gate: current.gate, reasons: [...reasons], starters },
      }),
    );
    const verdict = await desk.lay(packet);
    if (verdict) {
      await step('short', `record the decision: ${verdict.kind}`).recordDecision(run.ref, {
        ...{ served, verdict },
        ...{ packet: packet.digest, desk: desk.state() },
      });
      return { verdict, judged: current };
    }
    if (desk.facts()?.basis.champion !== packet.facts?.basis.champion) {
      current = await judgeUntilDecided(run, candidate, current.raw, current.attempt + 1);
      if (current.outcome !== 'pass') return { verdict: null, judged: current };
    }
  }
}
