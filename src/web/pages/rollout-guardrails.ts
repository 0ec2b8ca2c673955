/** The guardrails of a rollout: while it is under way each with its reading, limit and verdict; else their limits. */
import type { Guardrail } from '../../policy/guardrails.ts';
import type { LedgerState } from '../../registry/contract.ts';
import { type Html, html } from '../html.ts';
import { count, many, number, percent } from '../parts/numbers.ts';
import { badge, facts, type Tone, table } from '../parts/table.ts';
import { ago } from '../parts/time.ts';
import type { ArmFigures } from '../reads/arms.ts';
import type { WatchedStep } from '../reads/watched-step.ts';

const NAMES: Readonly<Record<Guardrail['name'], string>> = {
  load: 'Loads',
  nan: 'NaN or infinite',
  parity: 'Served against own score',
  errors: 'Errors',
  entities: 'Entities that met an error',
  service: 'Servers',
  latency: 'Mean latency',
};

/** Over what time each is read. */
const STEP = 'this step';
const WINDOWS: Readonly<Record<Guardrail['name'], string>> = {
  load: 'now',
  nan: STEP,
  parity: 'since the servers started',
  errors: STEP,
  entities: 'all steps so far',
  service: 'the last five minutes',
  latency: STEP,
};

const VERDICTS: Readonly<Record<Guardrail['verdict'], readonly [word: string, tone: Tone]>> = {
  holds: ['holds', 'good'],
  breached: ['breached', 'bad'],
  not_judged: ['not judged yet', 'plain'],
};

export function guardrailTable({ rails, since, servers }: WatchedStep, version: number, now: Date): Html {
  if (servers === 0)
    return html`<p class="empty">No server that answers for version ${version} was heard from lately, so nothing is judged.</p>`;
  const window = (name: Guardrail['name']) =>
    since === null && (WINDOWS[name] === STEP || name === 'entities') ? 'since it was loaded' : WINDOWS[name];
  return html`<p>${
    since === null
      ? html`The worker judges what was counted since this step began. It has not said when that was, so these counts are since each server loaded the version.`
      : html`This step has been watched since ${ago(since.toISOString(), now)}. Beyond a limit the version is taken out at once, and everything goes back.`
  }</p>
${table({
  caption: `Guardrails of version ${version} on ${many(servers, 'server')}`,
  head: ['Guardrail', 'Reading', 'Limit', 'Read on', 'Verdict'],
  rows: rails.map(({ name, reading, limit, sample, verdict }) => [
    NAMES[name],
    reading,
    limit,
    sample === '' ? WINDOWS[name] : `${sample}, ${window(name)}`,
    badge(...VERDICTS[verdict]),
  ]),
})}`;
}

/** While no rollout is under way. */
export function limitsList(limits: readonly Guardrail[]): Html {
  return facts([
    ...limits.map(({ name, limit }) => [NAMES[name], limit] as const),
    ['Beyond a limit', 'the version is taken out at once and everything goes back'],
  ]);
}

/** What each version did, behind the verdicts. */
export function counters(state: LedgerState, arms: ReadonlyMap<number, ArmFigures>, servers: number): Html {
  const champion = state.aliases.champion?.version;
  const rows = state.routing.arms.map(({ version, share }) => {
    const found = arms.get(version);
    const errors = found === undefined || found.requests === 0 ? null : found.errors / found.requests;
    const name = `Version ${version} (${version === champion ? 'champion' : share === 0 ? 'without traffic' : 'canary'}, ${share} %)`;
    if (found === undefined) return [name, 'no server reports it', '–', '–', '–', '–'];
    return [
      name,
      count(found.requests),
      percent(errors),
      count(found.nan),
      found.meanLatencyMs === null ? '–' : `${number(found.meanLatencyMs)} ms`,
      found.maxDisagreement === null ? '–' : `${number(found.maxDisagreement)} on ${count(found.checked)} rows`,
    ];
  });
  return table({
    caption: `Counters of ${servers} ${servers === 1 ? 'server' : 'servers'} since each loaded the version`,
    head: ['Version', 'Requests', 'Errors', 'NaN or infinite', 'Mean latency', 'Served against own score'],
    rows,
    numeric: [1, 2, 3, 4, 5],
    empty: 'Nothing is routed yet.',
  });
}
