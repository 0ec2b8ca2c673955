/** The end of the packet: approve, reject, comment or break glass; or the exact command, where only a signature counts. */
import type { Packet } from '../../gate/contract.ts';
import { type Html, html } from '../html.ts';
import { buttons, postForm, tokenAgain } from '../parts/forms.ts';
import { missingRole } from '../people.ts';
import { mayNotApprove } from '../reads/may-approve.ts';
import { cannotReach, type RunView } from '../reads/run-view.ts';
import type { Session } from '../sessions.ts';
import type { Sources } from '../sources.ts';

/** Why each cannot be done by this person now; null where it can. */
interface Blocked {
  readonly approve: string | null;
  readonly reject: string | null;
  readonly comment: string | null;
  readonly glass: string | null;
}

export function decisionPanel(
  view: RunView,
  packet: Packet,
  session: Session,
  sources: Sources,
  production: boolean,
): Html {
  const blocked = blockedFor(view, packet, session, sources);
  const signed = view.config?.approval.otherwise.identity === 'signed';
  return html`<section class="decide" aria-labelledby="decide"><h2 id="decide">Decide</h2>
<p>You decide as <strong>${session.person.name}</strong> on packet <code>${packet.short}</code>.</p>
${signed && signedCommands(packet, session.person.name, blocked)}
${postForm(
  session,
  `/runs/${packet.run}/decision`,
  html`<input type="hidden" name="packet" value="${packet.short}">
<label>${signed ? 'Comment' : 'Comment; a rejection needs its reason'} <textarea name="comment" rows="3" maxlength="2000"></textarea></label>
${!signed && tokenAgain(production)}
${buttons('decide-why', [
  ...(signed ? [] : decisions(packet, blocked)),
  { name: 'kind', value: 'comment', label: 'Only comment', why: blocked.comment },
])}`,
)}
${glassPanel(view, packet, session, blocked, signed, production)}
${!signed && elsewhere(packet, session.person.name)}</section>`;
}

function blockedFor({ story, config }: RunView, packet: Packet, { person }: Session, sources: Sources): Blocked {
  const { value } = story;
  const { groups } = sources.workspace.hone;
  const closed = cannotReach(story) ?? (value.packet === null ? 'Nothing waits for a decision now' : null);
  const other =
    value.packet !== null && !packet.digest.startsWith(value.packet.slice(0, 8))
      ? 'The run waits for a decision on another packet; load this page again'
      : null;
  const cannot = closed ?? other ?? missingRole(person, value.model, 'approver');
  const unless = (kind: 'approve' | 'reject' | 'break_glass') =>
    mayNotApprove(person.name, value, config, groups, kind);
  return {
    approve: cannot ?? unless('approve'),
    reject: cannot ?? unless('reject'),
    comment: closed ?? missingRole(person, value.model, 'operator'),
    glass: closed ?? other ?? missingRole(person, value.model, 'admin') ?? unless('break_glass'),
  };
}

function decisions(packet: Packet, { approve, reject }: Blocked) {
  const { steps, through } = packet.rollout;
  const first = through && through.split !== true ? 100 : (steps[0] ?? 100);
  const consequence =
    packet.champion !== null && first < 100
      ? `Approve: start at ${first} % of traffic`
      : 'Approve: it takes all traffic';
  const keep =
    packet.champion === null ? 'Reject: nothing goes live' : `Reject: version ${packet.champion.version} stays`;
  return [
    { name: 'kind', value: 'approve', label: consequence, kind: 'primary', why: approve },
    { name: 'kind', value: 'reject', label: keep, kind: 'danger', why: reject },
  ] as const;
}

/** A key never comes to this server, so there is no button: the command signs where the key is. */
function signedCommands({ run, short }: Packet, name: string, { approve, reject }: Blocked): Html {
  const command = (kind: string) => `hone ${kind} ${run} --packet ${short} --by ${quoted(name)} --comment "<why>"`;
  const line = (kind: string, why: string | null) =>
    why === null ? html`<p><code>${command(kind)}</code></p>` : html`<p class="why">${kind}: ${why}.</p>`;
  return html`<p><strong>This model counts signed decisions only.</strong> Run where your key is; to get one: <code>hone identity enrol ${quoted(name)}</code>.</p>
${line('approve', approve)}${line('reject', reject)}`;
}

function glassPanel(
  { config }: RunView,
  { run, short }: Packet,
  session: Session,
  { glass }: Blocked,
  signed: boolean,
  production: boolean,
): Html | null {
  if (config === undefined || config.approval.break_glass === 'never') return null;
  const name = quoted(session.person.name);
  const command = `hone approve ${run} --packet ${short} --by ${name} --break-glass --reason "<why>"`;
  return html`<details><summary>In an emergency: approve alone, by breaking glass</summary>
<p>It counts at once without anybody else, people are paged, and somebody else has to review it later: <code>hone review</code>.</p>
${
  signed
    ? glass === null
      ? html`<p><code>${command}</code></p>`
      : html`<p class="why">${glass}.</p>`
    : postForm(
        session,
        `/runs/${run}/decision`,
        html`<input type="hidden" name="packet" value="${short}">
<label>Reason <textarea name="comment" rows="2" maxlength="2000" required></textarea></label>
${tokenAgain(production)}
${buttons('glass-why', [{ name: 'kind', value: 'break_glass', label: 'Break glass: approve alone', kind: 'danger', why: glass }])}`,
      )
}</details>`;
}

function elsewhere({ run, short }: Packet, name: string): Html {
  return html`<details><summary>The same elsewhere</summary><p><code>hone approve ${run} --packet ${short} --by ${quoted(name)}</code></p>
<p>In Temporal: signal <code>approve</code> with <code>${JSON.stringify({ packet: short, by: name, comment: '' })}</code></p></details>`;
}

/** As a shell takes it. */
const quoted = (name: string): string => (/^[\w.@+-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`);
