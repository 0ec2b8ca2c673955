/** What a person may say to a rollout that is under way; a button that cannot be used says why. */
import type { LedgerState } from '../../registry/contract.ts';
import { stepText } from '../../registry/rollout-text.ts';
import { type Html, html } from '../html.ts';
import { buttons, postForm } from '../parts/forms.ts';
import { missingRole } from '../people.ts';
import { cannotReach, type RunView } from '../reads/run-view.ts';
import type { Session } from '../sessions.ts';

/** @returns the form with which a person holds, releases, hurries or stops a rollout */
export function rolloutPanel({ story }: RunView, session: Session, state: LedgerState): Html {
  const { value } = story;
  const why = missingRole(session.person, value.model, 'operator') ?? cannotReach(story);
  const paused = value.rollout?.paused ?? false;
  const step = value.rollout?.step ?? 0;
  const { champion } = state.aliases;
  const back = step === 100 || champion === null ? 'everything goes back' : `version ${champion.version} answers all`;
  return html`<section aria-labelledby="rollout"><h2 id="rollout">Rollout</h2><p>${
    paused ? 'Paused' : 'Going on'
  } ${stepText({ step, paused: false }, state)}. <a href="/models/${value.model}/rollout">Guardrails and steps</a></p>
${postForm(
  session,
  `/runs/${value.run}/rollout`,
  html`<label>Reason, kept with the run <input name="reason" maxlength="500"></label>
${buttons('rollout-why', [
  paused
    ? { name: 'command', value: 'resume', label: 'Resume: the step is watched on', kind: 'primary', why }
    : { name: 'command', value: 'pause', label: 'Pause: shares stay as they are', why },
  { name: 'command', value: 'promote', label: 'Go on now: this step is cut short', why },
  { name: 'command', value: 'abort', label: `Abort: ${back}`, kind: 'danger', why },
])}`,
)}</section>`;
}
