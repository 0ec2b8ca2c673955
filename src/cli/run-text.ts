/** A run in words and as a tree of its stages. */
import type { PendingWork } from '../client/pending-work.ts';
import type { RunStory } from '../client/run-story.ts';
import type { RunSummary } from '../client/runs.ts';
import type { ExitCode } from '../errors.ts';
import { searchSections } from '../gate/search-section.ts';
import { relative, utc } from '../times.ts';
import type { ModelSearch } from '../training/search/contract.ts';
import type { Colors } from './context.ts';
import { facts, plainText, table } from './table.ts';

const STAGES = ['ingest', 'validate', 'features', 'train', 'evaluate', 'gate', 'approve', 'deploy', 'monitor'] as const;
const WIDTH = 80;

/**
 * One line a stage, those to come dimmed; what is waited for below. Lines are at most 80 characters wide.
 *
 * @param work what is tried just now, shown beside the stage under way
 */
export function stageTree(story: RunStory, colors: Colors, now: Date, work: readonly PendingWork[] = []): string[] {
  const past = story.stages.map(({ stage, started, ended: end }, i) => {
    // A wait belongs to the stage before it, which is over as far as work goes.
    const ended = story.waiting_for !== null && i === story.stages.length - 1 ? null : end;
    const seconds = (Date.parse(ended ?? story.ended_at ?? now.toISOString()) - Date.parse(started)) / 1000;
    const mark = ended ? colors.green('✔') : story.outcome || !story.open ? colors.red('✖') : colors.cyan('▸');
    const doing = ended || !story.open ? '' : workText(work, WIDTH - 26);
    return `  ${mark} ${stage.padEnd(10)} ${doing === '' ? span(seconds) : `${span(seconds).padEnd(8)} ${doing}`}`;
  });
  const reached = Math.max(-1, ...story.stages.map(({ stage }) => STAGES.indexOf(stage as (typeof STAGES)[number])));
  const coming = story.outcome === null && story.open ? STAGES.slice(reached + 1) : [];
  return [
    colors.bold(story.run),
    ...past,
    ...coming.map((stage) => colors.dim(`  · ${stage}`)),
    ...waitingLines(story, now),
    ...wrap(story.outcome === null ? story.sentence : `${story.outcome}: ${story.sentence}`),
  ];
}

/** How far the work under way is, which try it is, and why the last one failed; empty where nothing is known. */
export function workText(work: readonly PendingWork[], width: number): string {
  const [one] = work;
  if (one === undefined) return '';
  const again = one.attempt > 1 ? `try ${one.attempt}${one.lastFailure ? `, the last: ${one.lastFailure}` : ''}` : '';
  const text = plainText([one.progress ?? '', again].filter((part) => part !== '').join('; '));
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** What is waited for, on whom, until when, and what happens then. */
export function waitingLines({ waiting_for, deadline, then, packet, run }: RunStory, now: Date): string[] {
  if (waiting_for === null) return [];
  const until = deadline === null ? '' : ` until ${utc(deadline)} (${relative(deadline, now)})`;
  const after = then === null ? '' : `; then: ${then}`;
  const decide =
    packet === null || !waiting_for.includes('approval')
      ? []
      : [
          `Read the evidence: hone packet show ${run}`,
          `Decide: hone approve ${run} --packet ${packet.slice(0, 8)} --by <your name>`,
        ];
  const who = waiting_for.replace(/\b(\d+) approval\(s\)/, (_, n) => (n === '1' ? '1 approval' : `${n} approvals`));
  return [...wrap(`Waits for ${who}${until}${after}.`), ...decide];
}

/** @param rollout where its rollout is; null where none is under way */
export function storyText(
  story: RunStory,
  { colors, now, ui, rollout }: { colors: Colors; now: Date; ui: string | null; rollout: string | null },
): string {
  const source = {
    workflow: '',
    memo: 'No worker answers: this is what the run last showed. `hone up` starts one.',
    record: '',
  }[story.source];
  const more = facts([
    ['Model', story.model],
    ['Version', story.version === null ? 'none yet' : String(story.version)],
    ...(rollout === null ? [] : ([['Rollout', rollout]] as const)),
    ...(story.approvals.length === 0 ? [] : ([['Approved by', story.approvals.join(', ')]] as const)),
    ...(ui === null ? [] : ([['In Temporal', ui]] as const)),
  ]);
  const said = story.messages.slice(-5).map(({ at, name, by, answer }) => [utc(at), name, by ?? '-', answer]);
  return [
    stageTree(story, colors, now).join('\n'),
    more,
    ...(story.changes.length === 0 ? [] : [['Its data', ...story.changes.flatMap(wrap)].join('\n')]),
    ...(story.search === null ? [] : [trialsText(story.search)]),
    ...(said.length === 0 ? [] : [table(['WHEN', 'MESSAGE', 'BY', 'ANSWER'], said)]),
    ...(source === '' ? [] : [source]),
    nextText(story),
  ].join('\n\n');
}

/** Every trial, the failed ones too. */
export function trialsText(search: ModelSearch): string {
  const [section] = searchSections(search);
  if (!section?.table) return '';
  const { head, rows } = section.table;
  return [
    ...section.lines.flatMap(wrap),
    '',
    table(
      head.map((title) => title.toUpperCase()),
      rows,
    ),
  ].join('\n');
}

function nextText({ run, model, outcome, version }: RunStory): string {
  if (outcome === null) return `Follow it: hone run watch ${run}`;
  if (outcome === 'promoted') return `What it was made of: hone lineage ${model}/${version}`;
  return `What is live now: hone model show ${model}`;
}

export function runsText(runs: readonly RunSummary[], now: Date, filtered: boolean): string {
  if (runs.length === 0) {
    const none = 'Temporal knows of no run';
    return filtered ? `${none} that fits.` : `${none} yet. Start one: hone run start <model>`;
  }
  const rows = runs.map((run) => [
    run.run,
    run.trigger,
    run.ended === null ? (run.stage ?? '-') : (run.outcome ?? run.status.toLowerCase()),
    run.needs ?? '-',
    relative(run.started, now),
  ]);
  const waiting = runs.filter(({ needs }) => needs === 'approval');
  const first = waiting[0];
  const hint = first ? `\n\n${waiting.length} wait for an approval. Look: hone packet show ${first.run}` : '';
  return `${table(['RUN', 'TRIGGER', 'STAGE', 'NEEDS', 'STARTED'], rows)}${hint}`;
}

/** How a command that waited for a run ends. */
export function outcomeCode(outcome: string | null): ExitCode {
  if (outcome === 'promoted') return 0;
  if (outcome === 'rejected_by_gate' || outcome === 'inconclusive') return 4;
  if (outcome === 'refused_by_validation' || outcome === 'rejected_by_person' || outcome === 'expired') return 3;
  if (outcome === 'superseded') return 6;
  return 1;
}

function span(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Breaks at spaces; the words of strangers lose their control characters. */
export function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of plainText(text).split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.filter((line) => line !== '');
}
