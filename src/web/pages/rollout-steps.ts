/** The way of a version to all traffic, step by step: which one it is at, since when, and what ends it. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { outsideTarget, rolloutSentence } from '../../deployment/contract.ts';
import type { LedgerEntry, LedgerState } from '../../registry/contract.ts';
import { type Html, html } from '../html.ts';
import { count } from '../parts/numbers.ts';
import { ago, lasting, utcTime } from '../parts/time.ts';
import type { ArmFigures } from '../reads/arms.ts';

export interface Ladder {
  readonly deploy: ModelConfig['deploy'];
  readonly state: LedgerState;
  readonly entries: readonly LedgerEntry[];
  /** Whether a target outside splits traffic; null where it is not known. */
  readonly split: boolean | null;
  /** The step that the run says it is at; null where no rollout is under way. */
  readonly at: number | null;
  readonly arms: ReadonlyMap<number, ArmFigures>;
  readonly now: Date;
}

/** The version beside the champion; undefined where there is none. */
export function canaryOf({ routing, aliases }: LedgerState) {
  return routing.arms.find(({ version }) => version !== aliases.champion?.version);
}

export function stepsSection(ladder: Ladder): Html {
  const { deploy } = ladder;
  const now = nowAt(ladder);
  const outside = outsideTarget(deploy.target);
  return html`<section aria-labelledby="steps"><h2 id="steps">Steps</h2><ol class="steps">${stepsOf(ladder).map(
    ({ name, share }) =>
      html`<li${share !== null && share === now && html` aria-current="step"`}>${name}${share !== null && share === now && ', now'}</li>`,
  )}</ol>${outside && html`<p class="soft">${rolloutSentence(outside.kind, ladder.split)}</p>`}${underWay(ladder, now)}
${outside !== null && ladder.split !== true ? null : html`<p class="soft">Each share for at least ${lasting(deploy.canary.bake)} and ${count(deploy.canary.min_requests)} requests; after ${lasting(deploy.canary.max_wait)} with too few a person decides.</p>`}</section>`;
}

/** `share` is null for what comes after the rollout. */
function stepsOf({ deploy, split }: Ladder): { name: string; share: number | null }[] {
  const probation = {
    name: `probation until labels of ${lasting(deploy.probation.until_labels_mature_for)} have matured`,
    share: null,
  };
  const all = { name: '100 %', share: 100 };
  const shares = deploy.canary.steps.filter((share) => share < 100).map((share) => ({ name: `${share} %`, share }));
  if (outsideTarget(deploy.target) === null)
    return [shadowStep(deploy), ...shares, all, probation].filter((one) => one !== null);
  return split === true
    ? [...shares, all, probation]
    : [{ name: 'shadow by replay of logged requests', share: 0 }, all, probation];
}

function shadowStep({ shadow }: ModelConfig['deploy']): { name: string; share: number } | null {
  return shadow === 'off' ? null : { name: 'shadow: scores, answers nobody', share: 0 };
}

function nowAt({ state, at }: Ladder): number | null {
  return at ?? canaryOf(state)?.share ?? null;
}

/** How long this step has gone on, and what it still needs. */
function underWay({ deploy, state, entries, arms, now }: Ladder, share: number | null): Html | null {
  const version = canaryOf(state)?.version;
  const began = entries.findLast(
    ({ change }) =>
      (change.kind === 'rollout_prepared' || change.kind === 'rollout_step') && change.version === version,
  )?.at;
  if (version === undefined || share === null || began === undefined) return null;
  const step = share === 0 && deploy.shadow !== 'off' ? deploy.shadow : deploy.canary;
  const until = new Date(Date.parse(began) + durationMs(step.bake)).toISOString();
  const baked = until <= now.toISOString();
  const requests = arms.get(version)?.requests ?? 0;
  return html`<p>This step began ${ago(began, now)}. ${
    baked ? html`Its time is over` : html`It is watched until ${utcTime(until)} at least`
  }; version ${version} has scored ${count(requests)} requests since it was loaded, and the step needs ${count(step.min_requests)} of its own.</p>`;
}
