/** What a person may order of a model, at the foot of its page; a button that cannot be used says why. */
import type { LedgerState } from '../../registry/contract.ts';
import { type Html, html } from '../html.ts';
import { buttons, postForm } from '../parts/forms.ts';
import { missingRole } from '../people.ts';
import type { Session } from '../sessions.ts';

const reason = (of: string) => html`<label>${of} <input name="reason" maxlength="500" required></label>`;

export function orderSection(session: Session, model: string, state: LedgerState, configured: boolean): Html {
  const role = missingRole(session.person, model, 'operator');
  const noRun = role ?? (configured ? null : 'No file under config/models names it any more');
  const button = (value: string, label: string, why: string | null) =>
    buttons(`${value}-why`, [{ name: 'do', value, label, kind: 'plain', why }]);
  const frozen =
    state.freeze === null
      ? postForm(
          session,
          `/models/${model}/freeze`,
          html`${reason('Reason, shown to everybody who is refused')}<label>Ends on, in UTC; open where left empty <input name="until" type="date"></label>
${button('freeze', 'Freeze: no run, rollout or promotion starts', role)}`,
        )
      : postForm(
          session,
          `/models/${model}/unfreeze`,
          html`${reason('Reason, kept in the ledger')}${button('unfreeze', 'Lift the freeze: runs may start again', role)}`,
        );
  return html`<section aria-labelledby="orders"><h2 id="orders">Order something</h2>
<div class="grid2">${postForm(
    session,
    `/models/${model}/start`,
    html`${reason('Why a run, for its packet and the ledger')}
<p class="soft">You then may not approve it. Limits of the model file count: it may be queued or not started, and says why.</p>
${button('start', 'Start a run', noRun)}`,
  )}${frozen}</div><p><a href="/models/${model}/rollout#back">Roll back to an earlier version</a></p></section>`;
}
