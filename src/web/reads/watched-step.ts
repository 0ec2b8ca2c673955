/** The guardrails of the step that a rollout is at, read as the worker reads them: from the records of the servers. */
import { lastReported } from '../../client/pending-work.ts';
import type { ModelConfig } from '../../config/model.ts';
import type { LiveNode } from '../../deployment/live-nodes.ts';
import { type Readings, readingOf } from '../../deployment/node-watch.ts';
import { limitsOf } from '../../deployment/watch-order.ts';
import { watchReport } from '../../deployment/watch-report.ts';
import { checkService, isHeardFrom } from '../../monitoring/checks/service-check.ts';
import { type Guardrail, guardrails } from '../../policy/guardrails.ts';
import type { NodeRecord } from '../../serving/contract.ts';
import { count, number, percent } from '../parts/numbers.ts';
import type { Sources } from '../sources.ts';

export interface WatchedStep {
  readonly rails: readonly Guardrail[];
  /** When the counters begin: with the step, by the worker's word; null where that is not known, and they are since each load. */
  readonly since: Date | null;
  /** Servers that were heard from lately. */
  readonly servers: number;
}

export interface Step {
  readonly run: string;
  readonly model: string;
  readonly version: number;
  readonly share: number;
  /** After the promotion: no champion stands beside it. */
  readonly bake: boolean;
  readonly config: ModelConfig;
}

export async function watchedStep(
  sources: Sources,
  records: readonly NodeRecord[],
  { run, model, version, share, bake, config }: Step,
): Promise<WatchedStep> {
  const { client, lastKnown } = sources;
  const said = await lastKnown.read('Temporal', `watch ${run}`, () => lastReported(client, run, 'watchRollout'));
  const report = said?.away === null ? watchReport(said.value) : null;
  const now = sources.now();
  const nodes = liveNodes(records, model, now);
  const service = config.monitoring.service;
  const begun: Readings = report ?? { startedAt: now.getTime(), arms: {} };
  const reading = readingOf(nodes, begun, { version, bake, limits: service }, now.getTime());
  const rails = guardrails(reading, limitsOf(config.deploy, { version, share, bake, hold: false }));
  const beside = bake || share === 0 ? null : (nodes[0]?.model.champion ?? null);
  return {
    rails: rails.map((rail) => {
      if (rail.name === 'service') return serviceRail(rail, nodes, service, now);
      return rail.name === 'entities' && report === null && beside !== null
        ? countedOnly(rail, nodes, version, beside)
        : rail;
    }),
    since: report && new Date(report.startedAt),
    servers: nodes.length,
  };
}

/** What a rollout will be held to, before anything was read. */
export function rolloutLimits({ deploy, monitoring }: ModelConfig, now: Date): readonly Guardrail[] {
  const nothing = { startedAt: now.getTime(), arms: {} };
  const reading = readingOf([], nothing, { version: 1, bake: false, limits: undefined }, now.getTime());
  const limits = limitsOf(deploy, { version: 1, share: 1, bake: false, hold: false });
  return guardrails({ ...reading, champion: reading.candidate }, limits).map((rail) =>
    rail.name === 'service' ? serviceRail(rail, [], monitoring.service, now) : rail,
  );
}

/** By the time of their records: a page does not wait for a beat to move. */
function liveNodes(records: readonly NodeRecord[], model: string, now: Date): LiveNode[] {
  return records.flatMap((record) => {
    const own = record.models[model];
    if (own === undefined || record.draining || !isHeardFrom(record, now.toISOString())) return [];
    return [{ node: record.node, boot: record.boot, model: own, record }];
  });
}

/** The evidence is the worker's; without its word only what it is made from can be shown. */
function countedOnly(rail: Guardrail, nodes: readonly LiveNode[], version: number, champion: number): Guardrail {
  const of = (arm: number) => {
    const arms = nodes.flatMap(({ model }) => model.arms[arm] ?? []);
    const [failed, all] = (['entities_failed', 'entities'] as const).map((name) =>
      arms.reduce((sum, one) => sum + one[name], 0),
    );
    return { failed: failed ?? 0, all: all ?? 0 };
  };
  const [own, other] = [of(version), of(champion)];
  return {
    ...rail,
    reading: `${count(own.failed)} of ${count(own.all)} met an error, with the champion ${count(other.failed)} of ${count(other.all)}; judged by the worker`,
    sample: `${count(own.all + other.all)} entities`,
    verdict: 'not_judged',
  };
}

/** The worst server's figures beside the limits; the verdict stays unless no server had enough requests. */
function serviceRail(
  rail: Guardrail,
  nodes: readonly LiveNode[],
  limits: ModelConfig['monitoring']['service'],
  now: Date,
): Guardrail {
  if (limits === undefined) return { ...rail, reading: 'no limits are set', limit: '–', verdict: 'not_judged' };
  const records = nodes.map(({ record }) => record);
  const { findings } = checkService(records, limits, now.toISOString());
  const worst = (measure: 'latency' | 'errors') =>
    Math.max(
      ...findings.flatMap(({ subject, value }) => (subject.endsWith(` ${measure}`) && value !== null ? [value] : [])),
    );
  const own = findings.filter(({ subject }) => / (latency|errors)$/.test(subject));
  const requests = records.reduce((sum, { service }) => sum + (service?.requests ?? 0), 0);
  const [p99, errors] = [worst('latency'), worst('errors')];
  const figures = `p99 ${Number.isFinite(p99) ? `${number(p99)} ms` : 'not known'}, errors ${Number.isFinite(errors) ? percent(errors) : 'not known'}`;
  return {
    ...rail,
    reading: rail.breach ?? figures,
    limit: `p99 ${number(limits.p99_ms)} ms, errors ${percent(limits.error_share)}`,
    sample: `${count(requests)} requests; a server needs ${count(limits.min_requests)}`,
    verdict: rail.verdict === 'holds' && own.every(({ state }) => state === 'not_judged') ? 'not_judged' : rail.verdict,
  };
}
