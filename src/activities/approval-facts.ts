/** What a decision is held against: ledger and configuration as they are now, never what a message says of itself. */
import type { ConfigSnapshot } from '../config/snapshot.ts';
import { verifyDecision } from '../identity/sign.ts';
import { type ApprovalPolicy, type Basis, isUndecodable, PLACEHOLDERS, type Proof } from '../policy/approvals.ts';
import { freezeWindowAt } from '../policy/freeze-windows.ts';
import type { LedgerState } from '../registry/contract.ts';
import { frozenSentence, isFrozen } from '../registry/freeze.ts';
import { openLedger } from '../registry/ledger.ts';
import { asOfNow } from '../store/clock.ts';
import { digestOf } from '../store/content.ts';
import { decision, type RunRef } from '../workflows/contract.ts';
import { configOf, type Deps, type RunConfig } from './deps.ts';

export interface ApprovalFacts {
  readonly basis: Basis;
  readonly policy: ApprovalPolicy;
  /** People who may decide as well once the policy's escalation is due. */
  readonly escalation: readonly string[];
  /** Why nothing may be rolled out now, as a clause; null when the model is not frozen. */
  readonly frozen: string | null;
  /** The freeze window of the configuration that it is in, as a clause; broken glass goes through it. */
  readonly window: string | null;
}

/** The configuration in force; that of the run where none was ever applied. */
export async function configInForce(deps: Deps, run: RunRef, state: LedgerState): Promise<RunConfig> {
  return await configOf(deps, state.config ?? run.config);
}

/** @param starters people who asked for the run */
export async function readFacts(deps: Deps, run: RunRef, starters: readonly string[]): Promise<ApprovalFacts> {
  const state = await openLedger(deps.store, run.model).state();
  const { model, groups, people = {} } = await configInForce(deps, run, state);
  const { otherwise, break_glass } = model.approval;
  const members = (names: readonly string[]) => [...new Set(names.flatMap((name) => groups[name] ?? []))];
  const asOf = await asOfNow(deps.store, deps.hone.clock);
  return {
    basis: { champion: state.aliases.champion?.version ?? null, config: digestOf(model), policy: policyDigest(model) },
    policy: {
      run: run.run,
      approvers: otherwise.approvers,
      people: members(otherwise.from),
      excluded: otherwise.exclude_starter ? [...starters] : [],
      groups: Object.fromEntries(otherwise.from.map((name) => [name, groups[name] ?? []])),
      eachGroup: otherwise.each_group,
      editor: otherwise.exclude_editor ? await lastEditor(deps, run.model) : null,
      identity: otherwise.identity,
      alone: break_glass === 'never' ? [] : members(break_glass.from),
      revokedKeys: Object.values(people).flatMap(({ keys }) => keys.filter((key) => key.revoked).map(({ id }) => id)),
      placeholders: PLACEHOLDERS,
      keepsAutomatic: true,
    },
    escalation: otherwise.escalate === 'never' ? [] : members(otherwise.escalate.to),
    frozen: isFrozen(state, asOf) ? frozenSentence(state) : null,
    window: freezeWindowAt(model.triggers.freeze_windows, asOf),
  };
}

export interface SaidAbout {
  readonly name: 'approve' | 'reject';
  readonly body: unknown;
  /** Whole digest of the packet on the desk, and when it was laid there. */
  readonly packet: string;
  readonly since: string;
  /** When the message came. */
  readonly at: string;
}

/** What the signature of a message is worth; null where it carries none. */
export async function proofOf(deps: Deps, run: RunRef, said: SaidAbout): Promise<Proof | null> {
  const parsed = isUndecodable(said.body) ? null : decision.safeParse(said.body);
  if (!parsed?.success || !parsed.data.signature) return null;
  const state = await openLedger(deps.store, run.model).state();
  const { people = {} } = await configInForce(deps, run, state);
  const { by, comment = null, break_glass = false, signature } = parsed.data;
  return verifyDecision(
    { model: run.model, run: run.run, packet: said.packet, decision: said.name, break_glass, comment, by },
    signature,
    { people, since: said.since, now: said.at },
  );
}

/** The parts of a model's file that decide. */
export function policyDigest({ tier, gate, approval, deploy }: ConfigSnapshot['model']): string {
  return digestOf({ tier, gate, approval, deploy });
}

/** Where the last look ended, by store and model: a ledger only grows. */
const editors = new Map<string, { readonly seq: number; readonly by: string | null }>();

/** Who applied the configuration that is in force; null where nobody has. */
async function lastEditor(deps: Deps, model: string): Promise<string | null> {
  const ledger = openLedger(deps.store, model);
  const known = `${deps.store.uri} ${model}`;
  const seen = editors.get(known) ?? { seq: 0, by: null };
  let { seq, by } = seen;
  for await (const entry of ledger.entries(seen.seq)) {
    seq = entry.seq;
    if (entry.change.kind === 'config_applied') by = entry.actor;
  }
  editors.set(known, { seq, by });
  return by;
}
