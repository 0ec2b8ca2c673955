/** How to decide on the packet of a desk from Temporal's own pages: what to copy, for each person who may. Markdown, pure. */
import { plain } from '../workflows/plain.ts';
import type { ApprovalPolicy, Desk } from './approvals.ts';
import { excludedBecause, stillCounts } from './quorum.ts';

/** More than these find their line by example. */
const NAMED_AT_MOST = 6;

/** Nothing in it has to be edited, but for the reason where one is asked for. */
export function howToDecide(desk: Desk, policy: ApprovalPolicy): string {
  const packet = desk.packet?.slice(0, 8) ?? '';
  const told = policy.identity === 'signed' ? signedLines(packet, policy) : assertedLines(desk, packet, policy);
  return ['## Decide', soFar(desk, policy), ...told, ...glassLines(packet, policy)].join('\n\n');
}

function soFar({ approvals }: Desk, { approvers }: ApprovalPolicy): string {
  const names = approvals.map(({ by }) => plain(by)).join(', ');
  return `**${approvals.length} of ${approvers} approvals so far${names && ` (${names})`}.**`;
}

function assertedLines(desk: Desk, packet: string, policy: ApprovalPolicy): string[] {
  const able = policy.people.filter((by) => excludedBecause(by, policy) === null && !hasApproved(desk, by, policy));
  const named = able.length > NAMED_AT_MOST ? ['<your name>'] : able;
  const [warning] = policy.warnings ?? [];
  const reason =
    warning === undefined ? '' : ' Write your reason between the last quotes: approving over a warning needs one.';
  return [
    `To approve, copy the line of your name. Then **More Actions**, **Send a Signal**, signal name \`approve\`, paste it into **Data**, **Submit**.${reason} The answer stands above, under *Last messages*.`,
    ...named.map((by) => fenced(JSON.stringify({ packet, by, comment: '' }))),
    ...excluded(policy),
    'To reject, send `reject` in the same way, with your reason as comment.',
    '**Names are taken as given** (`approval.otherwise.identity: asserted`): anyone who reaches this page can use any name.',
  ];
}

function signedLines(packet: string, policy: ApprovalPolicy): string[] {
  const command = (kind: string) => `hone ${kind} ${policy.run} --packet ${packet} --by <your name>`;
  return [
    '**Only signed decisions count.** Run one of these where your key is:',
    fenced(`${command('approve')} --comment "<why>"\n${command('reject')} --comment "<why>"`, 'sh'),
    ...excluded(policy),
    'With `--print` nothing is sent: it prints the signed JSON to paste into **More Actions**, **Send a Signal**.',
  ];
}

function glassLines(packet: string, { alone = [], run }: ApprovalPolicy): string[] {
  if (alone.length === 0) return [];
  const command = `hone approve ${run} --packet ${packet} --by <your name> --break-glass --reason "<why>"`;
  return [
    `In an emergency ${alone.map((name) => plain(name)).join(' or ')} may approve alone; somebody else reviews it later: \`${command}\``,
  ];
}

function excluded(policy: ApprovalPolicy): string[] {
  const why = policy.people.flatMap((by) => {
    const because = excludedBecause(by, policy);
    return because === null ? [] : [`${plain(by)} ${because} and may not approve it.`];
  });
  return why.length === 0 ? [] : [why.join(' ')];
}

const fenced = (text: string, language = 'json'): string => `\`\`\`${language}\n${text}\n\`\`\``;

/** Approvals that counted once and lapsed are taken off the desk. */
const hasApproved = (desk: Desk, by: string, policy: ApprovalPolicy): boolean =>
  desk.approvals.some((given) => given.by === by && stillCounts(given, policy));
