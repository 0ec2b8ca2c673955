/** Stage approve: puts the packet together, says how the world stands when somebody decides, and records the decision. */
import { z } from 'zod';
import type { ModelConfig, TriggerKind } from '../config/model.ts';
import { validationReport } from '../data/contract.ts';
import { evaluationReport } from '../evaluation/contract.ts';
import { approvedByPolicy } from '../gate/automatic.ts';
import { type GateReport, gateReport, type Packet } from '../gate/contract.ts';
import { cardOf, modelCard } from '../gate/model-card.ts';
import { buildPacket } from '../gate/packet.ts';
import { packetName, packetsOfVersion } from '../gate/read-packet.ts';
import { packetMarkdown } from '../gate/render.ts';
import { twinNote, withTwin } from '../gate/twin.ts';
import type { Desk, Proof } from '../policy/approvals.ts';
import { stageVersion } from '../registry/changes.ts';
import { openLedger } from '../registry/ledger.ts';
import { attest, readAttestation, readVersion } from '../registry/versions.ts';
import { digestOf } from '../store/content.ts';
import { ObjectConflict } from '../store/errors.ts';
import type { RunOrder, RunRef } from '../workflows/contract.ts';
import {
  type ApprovalFacts,
  configInForce,
  policyDigest,
  proofOf,
  readFacts,
  type SaidAbout,
} from './approval-facts.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps, keep, kept } from './deps.ts';
import { writeForRun } from './ledger.ts';
import { throughOf } from './outside-target.ts';
import { trainingNotes } from './training-notes.ts';

export const judgement = z.strictObject({ evaluation: evaluationReport, gate: gateReport });

interface PacketOrder {
  readonly judged: number;
  readonly served: number;
  /** Digest of evaluation and gate report. */
  readonly gate: string;
  /** Digest of the validation report. */
  readonly validation: string;
  readonly reasons: RunOrder['reasons'];
  /** Absent in runs of policy version 1. */
  readonly starters?: readonly string[];
  /** 1 for the first packet of a run, which is also what absent means. */
  readonly number?: number;
}

interface DecisionOrder {
  readonly served: number;
  readonly packet: string;
  readonly verdict: NonNullable<Desk['verdict']>;
  readonly desk: Desk;
}

export const approveActivities = (deps: Deps) => ({
  packet: activity(deps, async (work, run: RunRef, order: PacketOrder) => {
    const { model } = await configOf(deps, run.config);
    const { evaluation, gate: report } = await kept(deps, order.gate, judgement);
    const gate = withTwin(
      report,
      order.served,
      await readAttestation(deps.store, run.model, order.served, 'twin', twinNote),
    );
    const state = await openLedger(deps.store, run.model).state();
    const facts = order.starters ? await readFacts(deps, run, order.starters) : null;
    const now = (await configInForce(deps, run, state)).model;
    const manifestOf = (version: number | undefined) =>
      version ? readVersion(deps.store, run.model, version) : Promise.resolve(null);
    const champion = await manifestOf(state.aliases.champion?.version);
    const [judged, served] = [
      await readVersion(deps.store, run.model, order.judged),
      await readVersion(deps.store, run.model, order.served),
    ];
    const first = order.reasons[0];
    const packet = buildPacket({
      // A run keeps the configuration that it began with; who decides about it is asked of the one in force.
      config: facts ? { ...model, approval: now.approval } : model,
      run: run.run,
      trigger: {
        kind: run.trigger as TriggerKind,
        reason: first?.reason ?? '',
        evidence: order.reasons.map((one) => `${one.kind} by ${one.by}: ${one.reason}`),
      },
      judged,
      served,
      ...(await throughOf(deps, model, work)),
      champion,
      anchor: state.anchor,
      asOf: run.as_of,
      evaluation,
      gate,
      configDigest: run.config,
      ...(facts && digestOf(model) !== digestOf(now)
        ? { inForce: { config: state.config ?? run.config, policy: policyDigest(now) } }
        : {}),
      findings: [
        ...(await trainingNotes(deps, run, model)),
        ...(await kept(deps, order.validation, validationReport)).findings.map((one) => one.sentence),
      ],
    });
    const number = order.number ?? 1;
    if (number === 1) {
      await attest(deps.store, run.model, order.served, 'gate', { report: order.gate, judged: order.judged });
    }
    const laid = await attestPacket(deps, run, { version: order.served, number, packet });
    return {
      digest: packet.digest,
      sentence: packet.question,
      markdown: packetMarkdown(packet, { onDesk: facts !== null }),
      // What is made anew because something moved meanwhile is looked at by a person.
      automatic: laid === 1 ? automaticVerdict(model, now, run, gate) : null,
      document: await keep(deps, packet),
      facts,
      warnings: [...(gate.verdict === 'pass' ? [] : [gate.sentence]), ...gate.warnings, ...(gate.notes ?? [])],
    };
  }),

  /** How the world stands, and what the signature of a message is worth, at the moment when it is to count. */
  lookForDecision: activity(
    deps,
    async (
      _work,
      run: RunRef,
      asked: { starters: readonly string[]; said: SaidAbout | null },
    ): Promise<{ facts: ApprovalFacts; proof: Proof | null }> => ({
      facts: await readFacts(deps, run, asked.starters),
      proof: asked.said ? await proofOf(deps, run, asked.said) : null,
    }),
  ),

  /** The decision beside the version, and the version's way to staging in the ledger. */
  recordDecision: activity(deps, async (work, run: RunRef, order: DecisionOrder) => {
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
    if (verdict.break_glass) work.log.error({ by: verdict.by, version: served }, `glass broken: ${verdict.comment}`);
    await freezeCard(deps, run, { served, packet, by: verdict.by });
    await writeForRun(deps, run, {
      effect: 'approve/staged',
      actor: verdict.by.join(', '),
      trust: verdict.by[0] === 'policy' ? 'system' : (verdict.trust ?? 'asserted'),
      why: `${verdict.break_glass ? 'BREAK-GLASS: ' : ''}${verdict.comment || 'approved'}`,
      step: stageVersion({ version: served, packet, breakGlass: verdict.break_glass === true }),
    });
  }),
});

/**
 * Beside the version, under the first free number from the order's on. A retry after something moved finds the packet of
 * the attempt before, which nobody ever saw: it stays, and the new one stands behind it.
 *
 * @returns the number under which it stands
 */
async function attestPacket(
  { store }: Deps,
  { model }: RunRef,
  { version, number, packet }: { version: number; number: number; packet: Packet },
): Promise<number> {
  for (let free = number; ; free++) {
    try {
      await attest(store, model, version, packetName(free), packet);
      return free;
    } catch (error) {
      if (!(error instanceof ObjectConflict)) throw error;
    }
  }
}

/** The model card as it was approved, for people and for programs. */
async function freezeCard(
  deps: Deps,
  run: RunRef,
  { served, packet: digest, by }: { served: number; packet: string; by: readonly string[] },
): Promise<void> {
  const packets = await packetsOfVersion(deps.store, run.model, served);
  const packet = packets.find((one) => one.digest === digest);
  if (!packet) return;
  const manifest = await readVersion(deps.store, run.model, served);
  const { model: config } = await configOf(deps, run.config);
  const card = cardOf({ packet, manifest, config, approvedBy: by });
  await attest(deps.store, run.model, served, 'model-card', { ...card, markdown: modelCard(card) });
}

/** Only where the file says so that the run began with, and the one in force as well: a policy made stricter counts at once. */
function automaticVerdict(
  model: ModelConfig,
  now: ModelConfig,
  { trigger }: RunRef,
  gate: GateReport,
): NonNullable<Desk['verdict']> | null {
  if (![model, now].every((file) => approvedByPolicy(file, trigger as TriggerKind, gate))) return null;
  const digest = digestOf(model.approval).slice(0, 8);
  return {
    kind: 'approved',
    by: ['policy'],
    comment: `approval.auto (policy ${digest}): the gate passed, trigger ${trigger}, no warnings`,
  };
}
