/** Stage approve: puts the packet together, answers whether a person is needed, and records the decision. */
import { z } from 'zod';
import type { ModelConfig, TriggerKind } from '../config/model.ts';
import { validationReport } from '../data/contract.ts';
import { evaluationReport } from '../evaluation/contract.ts';
import { type GateReport, gateReport } from '../gate/contract.ts';
import { buildPacket } from '../gate/packet.ts';
import { packetMarkdown } from '../gate/render.ts';
import type { Desk } from '../policy/approvals.ts';
import { stageVersion } from '../registry/changes.ts';
import { openLedger } from '../registry/ledger.ts';
import { attest, readVersion } from '../registry/versions.ts';
import { digestOf } from '../store/content.ts';
import type { RunOrder, RunRef } from '../workflows/contract.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps, keep, kept } from './deps.ts';
import { writeForRun } from './ledger.ts';

export const judgement = z.strictObject({ evaluation: evaluationReport, gate: gateReport });

interface PacketOrder {
  readonly judged: number;
  readonly served: number;
  /** Digest of evaluation and gate report. */
  readonly gate: string;
  /** Digest of the validation report. */
  readonly validation: string;
  readonly reasons: RunOrder['reasons'];
}

export const approveActivities = (deps: Deps) => ({
  packet: activity(deps, async (_work, run: RunRef, order: PacketOrder) => {
    const { model } = await configOf(deps, run.config);
    const { evaluation, gate } = await kept(deps, order.gate, judgement);
    const state = await openLedger(deps.store, run.model).state();
    const manifestOf = (version: number | undefined) =>
      version ? readVersion(deps.store, run.model, version) : Promise.resolve(null);
    const champion = await manifestOf(state.aliases.champion?.version);
    const [judged, served] = [
      await readVersion(deps.store, run.model, order.judged),
      await readVersion(deps.store, run.model, order.served),
    ];
    const first = order.reasons[0];
    const packet = buildPacket({
      config: model,
      run: run.run,
      trigger: {
        kind: run.trigger as TriggerKind,
        reason: first?.reason ?? '',
        evidence: order.reasons.map((one) => `${one.kind} by ${one.by}: ${one.reason}`),
      },
      judged,
      served,
      champion,
      anchor: state.anchor,
      asOf: run.as_of,
      evaluation,
      gate,
      configDigest: run.config,
      findings: (await kept(deps, order.validation, validationReport)).findings.map((one) => one.sentence),
    });
    await attest(deps.store, run.model, order.served, 'gate', { report: order.gate, judged: order.judged });
    await attest(deps.store, run.model, order.served, 'packet', packet);
    return {
      digest: packet.digest,
      sentence: packet.question,
      markdown: packetMarkdown(packet),
      automatic: automaticVerdict(model, run, gate),
      document: await keep(deps, packet),
    };
  }),

  /** The decision beside the version, and the version's way to staging in the ledger. */
  recordDecision: activity(
    deps,
    async (
      _work,
      run: RunRef,
      order: { served: number; packet: string; verdict: NonNullable<Desk['verdict']>; desk: Desk },
    ) => {
      const { verdict, desk, served, packet } = order;
      const body = {
        run: run.run,
        packet,
        verdict,
        approvals: desk.approvals,
        messages: desk.messages,
        messages_dropped: desk.messagesDropped,
      };
      await attest(deps.store, run.model, served, 'approval-1', body);
      if (verdict.kind !== 'approved') return;
      await writeForRun(deps, run, {
        effect: 'approve/staged',
        actor: verdict.by.join(', '),
        trust: verdict.by[0] === 'policy' ? 'system' : 'asserted',
        why: verdict.comment || 'approved',
        step: stageVersion({ version: served, packet }),
      });
    },
  ),
});

/** Automatic only where the file says so, the gate passed without a warning, and no rule asks for a person. */
function automaticVerdict(model: ModelConfig, run: RunRef, gate: GateReport): NonNullable<Desk['verdict']> | null {
  const { auto } = model.approval;
  if (auto === 'never' || model.tier === 'high' || gate.verdict !== 'pass') return null;
  if (gate.warnings.length > 0 || gate.person.length > 0) return null;
  if (!auto.triggers.includes(run.trigger as TriggerKind)) return null;
  const digest = digestOf(model.approval).slice(0, 8);
  return {
    kind: 'approved',
    by: ['policy'],
    comment: `approval.auto (policy ${digest}): the gate passed, trigger ${run.trigger}, no warnings`,
  };
}
