/** The prediction servers against their limits: CPU, memory, latency and errors, apart from everything about models. */
import type { ModelConfig } from '../../config/model.ts';
import { percent, short, whole } from '../../drift/sentences.ts';
import type { NodeRecord, ServiceReading } from '../../serving/contract.ts';
import type { Finding, ServiceNode } from '../contract.ts';

/** A node whose record is older than this many of its polls says nothing about now; older than a day, it is gone. */
const SILENT_AFTER_POLLS = 3;
const GONE_AFTER_MS = 86_400_000;

type Limits = NonNullable<ModelConfig['monitoring']['service']>;

export interface ServiceCheck {
  readonly findings: readonly Finding[];
  readonly nodes: readonly ServiceNode[];
}

/**
 * @param records of all nodes that serve the model
 * @param now wall-clock time of the observer: whether a server is alive has nothing to do with a model's logical time
 */
export function checkService(records: readonly NodeRecord[], limits: Limits | undefined, now: string): ServiceCheck {
  const known = records.filter(({ at, draining }) => !draining && Date.parse(now) - Date.parse(at) < GONE_AFTER_MS);
  const nodes = known.map(({ node, at, poll_ms, service }): ServiceNode => {
    const silent = !isHeardFrom({ at, poll_ms }, now);
    return { node, at, silent, reading: silent ? null : (service ?? null) };
  });
  const findings = limits === undefined ? [] : nodes.flatMap((node) => judgeNode(node, limits));
  return { nodes, findings };
}

/** Whether a node has written its record lately enough to say something about now. */
export function isHeardFrom({ at, poll_ms }: Pick<NodeRecord, 'at' | 'poll_ms'>, now: string): boolean {
  return Date.parse(now) - Date.parse(at) <= SILENT_AFTER_POLLS * poll_ms + 1000;
}

function judgeNode({ node, at, reading }: ServiceNode, limits: Limits): Finding[] {
  const few = reading === null || reading.requests < limits.min_requests;
  const errors = reading === null || reading.requests === 0 ? null : reading.errors / reading.requests;
  const ways: readonly Measured[] = [
    {
      measure: 'cpu',
      ...{ value: reading?.cpu_share ?? null, limit: limits.cpu_share, judged: reading !== null },
      text: (value) => `CPU ${percent(value)} of the machine (limit ${percent(limits.cpu_share)})`,
    },
    {
      measure: 'memory',
      ...{ value: reading?.memory_mb ?? null, limit: limits.memory_mb, judged: reading !== null },
      text: (value) => `memory ${whole(value)} MB (limit ${whole(limits.memory_mb)} MB)`,
    },
    {
      measure: 'latency',
      ...{ value: reading?.p99_ms ?? null, limit: limits.p99_ms, judged: !few },
      text: (value) => `p99 latency ${short(value)} ms (limit ${short(limits.p99_ms)} ms)`,
    },
    {
      measure: 'errors',
      ...{ value: errors, limit: limits.error_share, judged: !few },
      text: (value) => `${percent(value)} of answers are errors (limit ${percent(limits.error_share)})`,
    },
  ];
  return ways.map((way) => findingOf(node, at, reading, way));
}

interface Measured {
  readonly measure: 'cpu' | 'memory' | 'latency' | 'errors';
  readonly value: number | null;
  readonly limit: number;
  readonly judged: boolean;
  readonly text: (value: number) => string;
}

function findingOf(node: string, at: string, reading: ServiceReading | null, way: Measured): Finding {
  const { measure, value, limit, text } = way;
  const requests = reading?.requests ?? 0;
  const seconds = reading?.window_s ?? 0;
  const judged = way.judged && value !== null;
  const beyond = judged && value > limit;
  const told = judged
    ? `${text(value)}, ${whole(requests)} requests in ${whole(seconds)} s before ${at.slice(11, 16)} UTC`
    : `${measure} not judged (${reading === null ? `it has said nothing since ${at}` : `too few requests: ${whole(requests)}`})`;
  const next = beyond ? ' This is the server, not the model: look at its load and at .hone/logs/serving.log.' : '';
  return {
    kind: 'service',
    subject: `${node} ${measure}`,
    state: judged ? (beyond ? 'broken' : 'stable') : 'not_judged',
    value,
    limit,
    rows: requests,
    window: { from: new Date(Date.parse(at) - seconds * 1000).toISOString(), to: new Date(at).toISOString() },
    windows: { beyond: beyond ? 1 : 0, judged: judged ? 1 : 0, need: 1, of: 1 },
    sentence: `Prediction server ${node}: ${told}.${next}`,
  };
}
