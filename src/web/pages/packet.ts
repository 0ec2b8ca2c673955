/** The approval packet: the question, what speaks against first, all evidence, and the decision on exactly that. */
import type { Packet } from '../../gate/contract.ts';
import { packetOfRun } from '../../gate/read-packet.ts';
import { sections } from '../../gate/sections.ts';
import { PageRefused } from '../errors.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { awayNote } from '../parts/away.ts';
import { prose } from '../parts/prose.ts';
import { sectionOf } from '../parts/section.ts';
import { badge } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import { type RunView, runView } from '../reads/run-view.ts';
import type { Session } from '../sessions.ts';
import type { Sources } from '../sources.ts';
import { decisionPanel } from './decision-panel.ts';

export async function packetPage(sources: Sources, session: Session, run: string, production: boolean): Promise<Page> {
  const view = await runView(sources, run);
  const { model } = view.story.value;
  const packet = await packetOfRun(sources.store, model, run);
  if (packet === null)
    throw new PageRefused(
      404,
      `${run} has no packet yet: it is made after the gate. See where it is on the page of the run.`,
    );
  const { value } = view.story;
  const waits = value.open && value.packet !== null;
  return {
    title: packet.question,
    model,
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
      [run, `/runs/${run}`],
    ],
    // Not live: nothing may move under the eyes of somebody who decides.
    attention: waits,
    sentence: html`${verdictBadge(packet)} ${prose(packet.gate.sentence)} ${stateOf(view, packet)}`,
    body: html`${awayNote(view.story, 'the state of this decision')}
${waits && html`<p><a class="button" href="#decide">To the decision</a></p>`}
${sections(packet).map((section, i) => sectionOf(section, `s${i}`))}
${decisionPanel(view, packet, session, sources, production)}
<p class="digest">Packet <code>${packet.digest}</code>. Every digest in full: <code>hone packet show ${run} --json</code></p>`,
  };
}

function verdictBadge({ verdict }: Packet): Html {
  return badge(`gate: ${verdict}`, verdict === 'pass' ? 'good' : verdict === 'fail' ? 'bad' : 'warn');
}

function stateOf({ story: { value } }: RunView, packet: Packet): string {
  if (!value.open) return `Nothing needs you: this run ended ${value.outcome?.replaceAll('_', ' ') ?? ''}.`;
  if (value.packet === null) return 'Nothing waits for a decision now.';
  const given = `${value.approvals.length} of ${packet.approval.approvers} approvals so far${value.approvals.length > 0 ? ` (${value.approvals.join(', ')})` : ''}`;
  const until = value.deadline === null ? '' : `, until ${utc(value.deadline)}`;
  return `${given}${until}; without an answer: ${packet.approval.on_expiry}.`;
}
