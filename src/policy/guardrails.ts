/** What each guardrail of a rollout reads, its limit, and whether it holds. Pure; the judging and the pages read the same. */
import type { ArmReading, FailingEntities, StepLimits, StepReading } from './rollout.ts';

export interface Guardrail {
  readonly name: 'load' | 'nan' | 'parity' | 'errors' | 'entities' | 'service' | 'latency';
  /** With its unit, and the champion's beside it where it is held against that. */
  readonly reading: string;
  readonly limit: string;
  /** What it was read on, such as `1,200 requests`; empty where it is no sample. */
  readonly sample: string;
  readonly verdict: 'holds' | 'breached' | 'not_judged';
  /** Why the version is stopped; null where it is not breached. */
  readonly breach: string | null;
}

/** Served and recomputed scores of one model on one row may differ by rounding only (decisions §3). */
const DISAGREEMENT = 1e-6;
/** Probability of stopping a rollout by chance, over all its looks and steps (decisions §3; one metric is judged so). */
const ALPHA = 0.01;
/** Below this many timed calls a mean latency says nothing. */
const LATENCY_NEEDS = 50;
/** Differences under this are noise of a busy machine, where a fresh process still warms up. */
const LATENCY_FLOOR_MS = 50;

/** In the order in which they stop a version: the first that is breached is the one that is told. */
export function guardrails(reading: StepReading, limits: StepLimits): readonly Guardrail[] {
  const { candidate, champion, failing } = reading;
  return [
    load(reading),
    nan(candidate),
    parity(candidate),
    errors(candidate, champion, limits.errorShare),
    entities(failing),
    service(reading),
    latency(candidate, champion, limits.latencyRatio),
  ];
}

function load({ failedToLoad }: StepReading): Guardrail {
  const breach = failedToLoad.length > 0 ? `could not be loaded: ${failedToLoad.join('; ')}` : null;
  return {
    ...{ name: 'load', reading: breach ?? 'no server failed to load it', limit: 'every server loads it', sample: '' },
    ...judged(breach, true),
  };
}

function nan({ nan: found, requests }: ArmReading): Guardrail {
  const breach =
    found > 0
      ? `${found} of ${requests} requests gave NaN or infinity; the limit is 0. The champion answered them`
      : null;
  return {
    ...{ name: 'nan', reading: `${counted(found)} requests`, limit: 'none', sample: `${counted(requests)} requests` },
    ...judged(breach, requests > 0),
  };
}

function parity({ maxDisagreement: apart, rowsChecked }: ArmReading): Guardrail {
  const breach =
    apart !== null && apart > DISAGREEMENT
      ? `served scores differ from the model's own by ${apart}; the limit is ${DISAGREEMENT}`
      : null;
  return {
    name: 'parity',
    reading: apart === null ? 'no row checked' : `up to ${Number(apart.toPrecision(2))} apart`,
    limit: `at most ${DISAGREEMENT}`,
    sample: `${counted(rowsChecked)} rows`,
    ...judged(breach, apart !== null),
  };
}

function errors(candidate: ArmReading, champion: ArmReading | null, limit: number): Guardrail {
  const baseline = champion && champion.requests > 0 ? champion.errors / champion.requests : 0;
  const share = candidate.requests > 0 ? candidate.errors / candidate.requests : 0;
  const breached = candidate.errors > 1 && share > limit && share > 2 * baseline;
  const beside = champion === null ? '' : `, the champion ${percent(baseline)}`;
  return {
    name: 'errors',
    reading: `${counted(candidate.errors)} requests, ${percent(share)}${beside}`,
    limit: `${percent(limit)}${champion === null ? '' : ', and twice the champion’s'}`,
    sample: `${counted(candidate.requests)} requests`,
    ...judged(
      breached
        ? `${candidate.errors} of ${candidate.requests} requests failed (${percent(share)}); the limit is ${percent(limit)} and twice the champion's ${percent(baseline)}`
        : null,
      candidate.requests > 0,
    ),
  };
}

function entities(failing: FailingEntities | null): Guardrail {
  const limit = `evidence below ${1 / ALPHA} (α ${ALPHA})`;
  if (failing === null) {
    const reading = 'no champion answers other entities beside it';
    return { name: 'entities', reading, limit, sample: '', verdict: 'not_judged', breach: null };
  }
  const { candidate, champion, evidence } = failing;
  const share = ({ trials, events }: FailingEntities['candidate']) =>
    `${events} of ${trials} entities (${percent(events / trials)})`;
  const breached = evidence >= 1 / ALPHA;
  const shown = ({ trials, events }: FailingEntities['candidate']) =>
    `${counted(events)} of ${counted(trials)}${trials > 0 ? ` (${percent(events / trials)})` : ''}`;
  return {
    name: 'entities',
    reading: `${shown(candidate)} met an error, with the champion ${shown(champion)}; evidence ${Number(evidence.toPrecision(2))}`,
    limit,
    sample: `${counted(candidate.trials + champion.trials)} entities`,
    ...judged(
      breached
        ? `${share(candidate)} met an error, with the champion ${share(champion)}: more than chance explains (α ${ALPHA})`
        : null,
      candidate.trials > 0 && champion.trials > 0,
    ),
  };
}

function service({ beyondLimits }: StepReading): Guardrail {
  const breach = beyondLimits.length > 0 ? beyondLimits.join(' ') : null;
  return {
    ...{
      name: 'service',
      reading: breach ?? 'no server has gone beyond a limit',
      limit: 'none goes beyond',
      sample: '',
    },
    ...judged(breach, true),
  };
}

function latency(candidate: ArmReading, champion: ArmReading | null, ratio: number): Guardrail {
  const [ours, theirs] = [candidate.meanLatencyMs, champion?.meanLatencyMs ?? null];
  const enough = candidate.calls >= LATENCY_NEEDS && (champion?.calls ?? 0) >= LATENCY_NEEDS;
  const comparable = enough && ours !== null && theirs !== null;
  const slow = comparable && ours - theirs >= LATENCY_FLOOR_MS && ours >= ratio * theirs;
  const ms = (mean: number | null) => (mean === null ? 'not timed' : `${mean.toFixed(1)} ms`);
  return {
    name: 'latency',
    reading: `${ms(ours)} a call${champion === null ? '' : `, the champion ${ms(theirs)}`}`,
    limit: `${ratio} times the champion’s, and ${LATENCY_FLOOR_MS} ms more`,
    sample: `${counted(candidate.calls)} calls${champion === null ? '' : `, the champion ${counted(champion.calls)}; each needs ${LATENCY_NEEDS}`}`,
    ...judged(
      slow
        ? `takes ${ours.toFixed(1)} ms a call, the champion ${theirs.toFixed(1)} ms; the limit is ${ratio} times`
        : null,
      comparable,
    ),
  };
}

function judged(breach: string | null, enough: boolean): Pick<Guardrail, 'verdict' | 'breach'> {
  return { verdict: breach !== null ? 'breached' : enough ? 'holds' : 'not_judged', breach };
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)} %`;
}

const counted = (count: number): string => count.toLocaleString('en-US');
