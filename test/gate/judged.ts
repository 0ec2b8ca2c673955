/** Reports and manifests for gate tests: made by the real evaluation on made-up flights. */
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { type GateContext, judge } from '../../src/gate/judge.ts';
import { buildPacket, type PacketInput } from '../../src/gate/packet.ts';
import type { VersionManifest } from '../../src/registry/contract.ts';
import { type Changes, flights, type Town, town } from '../evaluation/flights.ts';

export const HEX = 'ab'.repeat(32);

export interface Case {
  readonly changes?: Changes;
  readonly on?: Town;
  readonly candidate: Float64Array;
  readonly champion?: Float64Array;
  readonly anchor?: Float64Array;
  readonly context?: Partial<GateContext>;
  readonly seed?: number;
}

/** Evaluates and judges; a case without a champion is a first version. */
export async function gate({ changes, on = town(), candidate, champion, anchor, context, seed = 7 }: Case) {
  const config = await flights(changes);
  const report = evaluate({
    config,
    rows: on.rows,
    scores: { candidate, ...(champion && { champion }), ...(anchor && { anchor }) },
    candidateVersion: 7,
    ...(champion && { championVersion: 6 }),
    ...(anchor && { anchorVersion: 3 }),
    baselineRate: 0.27,
    seed,
  });
  const judged = judge(report, config, { first: !champion, trigger: 'schedule', ...context });
  const rule = (name: string) => judged.rules.find((one) => one.rule === name);
  return { config, report, judged, rule };
}

export function manifest(version: number, changes: Partial<VersionManifest> = {}): VersionManifest {
  return {
    contract: 1,
    model: 'flights-delay',
    version,
    run: `flights-delay-00000${version}`,
    trigger: 'schedule',
    as_of: '2013-04-16T06:00:00.000Z',
    registered_at: '2013-04-16T06:01:00.000Z',
    code: { commit: 'c0ffee0000000000000000000000000000000000', dirty: false },
    config: HEX,
    data: { raw: HEX, features: HEX, definition: HEX },
    params: { num_leaves: 31 },
    seed: 7,
    trainer: { name: 'lightgbm', digest: HEX },
    environment: { lightgbm: '4.7.0' },
    geometry: null,
    fit_end: '2013-03-31T00:00:00.000Z',
    refit: 'judged',
    twin: null,
    metrics: {},
    files: [],
    signature: {
      contract: 1,
      task: 'binary',
      numeric: ['dep_hour'],
      categorical: ['origin'],
      output: 'prediction',
      classes: null,
    },
    golden: [],
    reference_profile: null,
    champion: null,
    ...changes,
  };
}

/** A packet for a judged case: version 7 judged, its refit 8 served, version 6 live. */
export async function packetOf(one: Case, changes: Partial<PacketInput> = {}) {
  const { config, report, judged } = await gate(one);
  return buildPacket({
    run: 'flights-delay-000042',
    asOf: '2013-04-16T06:00:00.000Z',
    trigger: { kind: 'schedule', reason: 'weekly', evidence: ['cron 0 6 * * MON'] },
    judged: manifest(7),
    served: manifest(8, { refit: 'full', twin: 7, fit_end: '2013-04-15T00:00:00.000Z' }),
    champion: one.champion ? manifest(6, { params: { num_leaves: 15 }, seed: 3 }) : null,
    evaluation: report,
    gate: judged,
    config,
    ...changes,
  });
}
