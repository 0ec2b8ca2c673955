/** The rollout of a model: who answers how much, each guardrail with its numbers, and the way back. */
import { outsideTarget } from '../../deployment/contract.ts';
import { packetOfRun } from '../../gate/read-packet.ts';
import { changeText, routingText } from '../../registry/change-text.ts';
import type { LedgerEntry, LedgerState } from '../../registry/contract.ts';
import { type RollbackTarget, rollbackTargets } from '../../registry/rollback.ts';
import { readNodes } from '../../serving/nodes.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { buttons, postForm, tokenAgain } from '../parts/forms.ts';
import { actorName, prose } from '../parts/prose.ts';
import { badge, table } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import { missingRole } from '../people.ts';
import { armFigures } from '../reads/arms.ts';
import { runConfig } from '../reads/run-inputs.ts';
import { runView } from '../reads/run-view.ts';
import { rolloutLimits, watchedStep } from '../reads/watched-step.ts';
import type { Session } from '../sessions.ts';
import type { Sources } from '../sources.ts';
import { counters, guardrailTable, limitsList } from './rollout-guardrails.ts';
import { rolloutPanel } from './rollout-panel.ts';
import { canaryOf, stepsSection } from './rollout-steps.ts';

const KINDS = new Set(['rollout_prepared', 'rollout_step', 'promoted', 'rollout_undone', 'rolled_back', 'confirmed']);

export async function rolloutPage(
  sources: Sources,
  session: Session,
  model: string,
  production: boolean,
): Promise<Page> {
  const ledger = await sources.knownLedger(model);
  const [state, entries, targets, nodes] = await Promise.all([
    ledger.state(),
    sources.entries(model),
    rollbackTargets(sources.store, model),
    readNodes(sources.store),
  ]);
  const run = state.activeRun?.run;
  const began = run === undefined ? undefined : await runConfig(sources, model, run);
  const config = began ?? sources.workspace.models.get(model)?.config;
  const view = run === undefined ? null : await runView(sources, run).catch(() => null);
  const canary = canaryOf(state);
  const arms = armFigures(nodes, model);
  const rollout = view?.story.value.rollout ?? null;
  const packet = run === undefined ? null : await packetOfRun(sources.store, model, run);
  const split = packet?.rollout.through?.split ?? null;
  const version = canary?.version ?? (rollout?.step === 100 ? state.aliases.champion?.version : undefined);
  const share = rollout?.step ?? canary?.share ?? 0;
  const watched =
    run === undefined || version === undefined || config === undefined || outsideTarget(config.deploy.target) !== null
      ? null
      : await watchedStep(sources, nodes, { run, model, version, share, bake: canary === undefined, config });
  return {
    title: `Rollout of ${model}`,
    model,
    section: 'Rollout',
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
    live: canary !== undefined || watched !== null,
    attention: view?.story.value.waiting_for != null && canary !== undefined,
    sentence: sentenceOf(state, view?.story.value.waiting_for ?? null, run, watched !== null),
    body: html`${view && awayNote(view.story, 'the steps of this run')}
${config && stepsSection({ deploy: config.deploy, state, entries, split, at: rollout?.step ?? null, arms, now: sources.now() })}
${view && rollout !== null && rolloutPanel(view, session, state)}
<section aria-labelledby="rails"><h2 id="rails">Guardrails</h2>${watched && version !== undefined ? guardrailTable(watched, version, sources.now()) : config && limitsList(rolloutLimits(config, sources.now()))}
${counters(state, arms, nodes.filter(({ models }) => models[model] !== undefined).length)}</section>
${wayBack(model, state, targets, session, production)}
${historyOf(entries)}`,
  };
}

function sentenceOf(state: LedgerState, waitingFor: string | null, run: string | undefined, watched: boolean): Html {
  const canary = canaryOf(state);
  if (canary === undefined && !watched) {
    const answers =
      state.routing.arms.length === 0 ? 'No version is live yet' : `${routingText(state)} answers all requests`;
    return html`Nothing needs you: no rollout is under way. ${answers.charAt(0).toUpperCase()}${answers.slice(1)}.`;
  }
  const next =
    waitingFor === null
      ? 'Nothing needs you: guardrails are watched, and it goes on by itself.'
      : `It needs somebody: it waits for you to ${waitingFor}.`;
  return html`${whereOf(state, canary)}, for ${run === undefined ? 'no run' : actorName(run)}. ${next}`;
}

/** Without a canary the version that was rolled out is the champion by now. */
function whereOf({ aliases }: LedgerState, canary: ReturnType<typeof canaryOf>): string {
  if (canary === undefined)
    return `Version ${aliases.champion?.version} has taken over all traffic, and is watched once more`;
  const { version, share } = canary;
  if (share > 0) return `Version ${version} answers ${share} % of entities`;
  return aliases.shadow?.version === version
    ? `Version ${version} scores what the champion answers, and answers nobody`
    : `Version ${version} is loaded and answers nobody yet`;
}

function wayBack(
  model: string,
  state: LedgerState,
  targets: readonly RollbackTarget[],
  session: Session,
  production: boolean,
): Html {
  const why =
    missingRole(session.person, model, 'operator') ??
    (targets.length === 0 ? 'No other version has been champion' : null);
  const stops = state.activeRun === null ? '' : ` The run ${state.activeRun.run} would be stopped.`;
  return html`<section aria-labelledby="back"><h2 id="back">Roll back</h2>
<p>The version that you choose takes all traffic, aliases and the monitoring reference with it.${stops} Predictions and labels that were recorded stay as they are. It works without Temporal too.</p>
${postForm(
  session,
  `/models/${model}/rollback`,
  html`<label>Return to <select name="to">${targets
    .slice(0, 50)
    .map(
      ({ version, promoted_at, default: first }) =>
        html`<option value="${version}"${first && html` selected`}>version ${version}, promoted ${utc(promoted_at)}${first ? ' (the one before)' : ''}</option>`,
    )}</select></label>
<label>Reason, kept in the ledger <input name="reason" maxlength="500" required></label>
${tokenAgain(production)}${buttons('back-why', [{ name: 'do', value: 'rollback', label: 'Roll back now', kind: 'danger', why }])}`,
)}</section>`;
}

function historyOf(entries: readonly LedgerEntry[]): Html {
  const rows = entries
    .filter(({ change }) => KINDS.has(change.kind))
    .slice(-25)
    .reverse();
  return html`<section aria-labelledby="past"><h2 id="past">Rollouts before</h2>${table({
    caption: 'Steps, promotions and returns, newest first',
    head: ['Change', 'By', 'Why', 'As of'],
    rows: rows.map(({ change, actor, why, as_of }) => [
      change.kind === 'rolled_back' || change.kind === 'rollout_undone'
        ? badge(changeText(change), 'bad')
        : changeText(change),
      actorName(actor),
      prose(why),
      utc(as_of),
    ]),
    empty: 'No version was rolled out yet.',
  })}</section>`;
}
