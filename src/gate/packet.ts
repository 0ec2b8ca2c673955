/** Builds the packet: one data object with everything that a decision rests on, named by its digest. */
import type { ModelConfig, TriggerKind } from '../config/model.ts';
import type { EvaluationReport } from '../evaluation/contract.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { digestOf } from '../store/content.ts';
import type { GateReport, Packet, PacketContent } from './contract.ts';
import { PacketAltered } from './errors.ts';
import { reasonsAgainst, reasonsFor, recommendation } from './reasons.ts';

export interface PacketInput {
  readonly run: string;
  readonly asOf: string;
  readonly trigger: { readonly kind: TriggerKind; readonly reason: string; readonly evidence?: readonly string[] };
  /** Manifest of the version that was scored on the holdout. */
  readonly judged: VersionManifest;
  /** Manifest of the version that will be served; the judged one when left out. */
  readonly served?: VersionManifest;
  readonly champion?: VersionManifest | null;
  readonly anchor?: number | null;
  /** Where a rollback of this promotion leads; the champion when left out. */
  readonly rollbackTo?: number | null;
  readonly evaluation: EvaluationReport;
  readonly gate: GateReport;
  readonly config: ModelConfig;
  /** Digest of the configuration that the run uses; the judged version's when left out. */
  readonly configDigest?: string;
  /** Where the configuration in force is another one than the run's: its digest, and that of its deciding parts. */
  readonly inForce?: { readonly config: string; readonly policy: string };
  /** How a version goes live, where that is not hone's own server. */
  readonly through?: PacketContent['rollout']['through'];
  /** Sentences of validation, worst first. */
  readonly findings?: readonly string[];
  /** ISO instant, or the file's duration when left out. */
  readonly deadline?: string;
  /** Sentences about earlier decisions, newest first. */
  readonly earlier?: readonly string[];
}

/** @returns the packet; the same input gives the same digest, on every machine */
export function buildPacket(input: PacketInput): Packet {
  const content = contentOf(input);
  const digest = digestOf(content);
  return { ...content, digest, short: digest.slice(0, 8) };
}

/** @throws PacketAltered when the content is not what the digest names */
export function verifyPacket({ digest, short, ...content }: Packet): void {
  const found = digestOf(content);
  if (found !== digest || !digest.startsWith(short)) throw new PacketAltered(content.run, digest, found);
}

/** What a person sends back, ready to copy. */
export const replyJson = (packet: Packet): string =>
  JSON.stringify({ packet: packet.short, by: '<you>', comment: '…' });

function contentOf(input: PacketInput): PacketContent {
  const { judged, config, gate } = input;
  const served = input.served ?? judged;
  const champion = input.champion ?? null;
  const policy = { tier: config.tier, gate: config.gate, approval: config.approval, deploy: config.deploy };
  return {
    contract: 1,
    model: config.model,
    run: input.run,
    as_of: input.asOf,
    question: question(config, served.version, champion, input.through?.split ?? true),
    verdict: gate.verdict,
    recommendation: recommendation(gate),
    reasons_for: reasonsFor(gate),
    reasons_against: reasonsAgainst(gate),
    why_now: {
      trigger: input.trigger.kind,
      reason: input.trigger.reason,
      evidence: [...(input.trigger.evidence ?? [])],
    },
    candidate: {
      judged: reference(judged),
      served: reference(served),
      refit: served.refit,
      sentence: servedSentence(judged, served),
    },
    champion: champion && reference(champion),
    anchor: input.anchor ?? null,
    rollback_to: input.rollbackTo ?? champion?.version ?? null,
    evaluation: input.evaluation,
    gate,
    data: {
      raw: judged.data?.raw ?? null,
      features: judged.data?.features ?? null,
      definition: judged.data?.definition ?? null,
      geometry: judged.geometry,
      findings: [...(input.findings ?? [])],
    },
    ...(judged.search ? { search: judged.search } : {}),
    changed: champion ? changes(champion, judged) : [],
    rollout: {
      // Nothing answers beside a first version, so it takes all traffic at once.
      steps: champion ? config.deploy.canary.steps : [100],
      bake: config.deploy.canary.bake,
      ...(champion && !input.through && config.deploy.shadow !== 'off' ? { shadow: config.deploy.shadow.bake } : {}),
      probation: config.deploy.probation.until_labels_mature_for,
      on_worse: config.deploy.probation.on_worse,
      ...(input.through ? { through: input.through } : {}),
    },
    approval: {
      approvers: config.approval.otherwise.approvers,
      from: config.approval.otherwise.from,
      deadline: input.deadline ?? config.approval.otherwise.deadline,
      on_expiry: config.approval.otherwise.on_expiry,
    },
    provenance: {
      config: input.configDigest ?? judged.config,
      policy: digestOf(policy),
      code: judged.code,
      trainer: judged.trainer,
      seed: judged.seed,
      environment: judged.environment,
      ...(input.inForce ? { in_force: input.inForce } : {}),
    },
    earlier: (input.earlier ?? []).slice(0, 10),
  };
}

const reference = (manifest: VersionManifest) => ({ version: manifest.version, manifest: digestOf(manifest) });

function question(config: ModelConfig, version: number, champion: VersionManifest | null, split: boolean): string {
  if (!champion) return `Put version ${version} of ${config.model} into production as its first version?`;
  const start = config.deploy.canary.steps[0] ?? 100;
  const rollout = split && start < 100 ? `, starting at ${start} % of traffic` : '';
  return `Replace version ${champion.version} of ${config.model} by version ${version}${rollout}?`;
}

function servedSentence(judged: VersionManifest, served: VersionManifest): string {
  if (served.version === judged.version)
    return `Version ${served.version} was judged and is exactly what will be served.`;
  return (
    `Version ${served.version} will be served: the same recipe as version ${judged.version}, refitted on all mature rows up to ` +
    `${served.fit_end ?? 'an unknown end'}. The figures are those of version ${judged.version}; the refit itself was never scored on the holdout.`
  );
}

/** What differs from the champion's run: code, data, features, parameters, seed, trainer, environment. */
function changes(champion: VersionManifest, judged: VersionManifest): PacketContent['changed'] {
  const facts = (manifest: VersionManifest): Record<string, string> => ({
    'code commit': manifest.code.commit.slice(0, 12) + (manifest.code.dirty ? ' (with uncommitted changes)' : ''),
    'raw data': manifest.data?.raw.slice(0, 12) ?? 'none',
    'feature definition': manifest.data?.definition.slice(0, 12) ?? 'none',
    configuration: manifest.config.slice(0, 12),
    trainer: `${manifest.trainer.name} ${manifest.trainer.digest?.slice(0, 12) ?? ''}`.trim(),
    seed: `${manifest.seed}`,
    ...prefixed('parameter', manifest.params),
    ...prefixed('environment', manifest.environment),
  });
  const [before, after] = [facts(champion), facts(judged)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((what) => ({ what, from: before[what] ?? 'not set', to: after[what] ?? 'not set' }))
    .filter(({ from, to }) => from !== to);
}

const prefixed = (prefix: string, values: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix} ${name}`, String(value)]));
