/** Why a model was retrained, and why it was not: answers to triggers, ends of runs and looks, as dated sentences. */
import { z } from 'zod';
import type { LedgerEntry } from '../registry/contract.ts';
import { openLedger } from '../registry/ledger.ts';
import { type Answered, listAnswers } from '../registry/trigger-answers.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { TickReport } from './contract.ts';
import { lastTicks } from './read-ticks.ts';

export interface Decision {
  /** By the logical time that decisions go by. */
  readonly at: string;
  readonly what: 'started' | 'merged' | 'queued' | 'skipped' | 'ended' | 'looked';
  readonly run: string | null;
  readonly sentence: string;
}

export interface Why {
  readonly model: string;
  /** In one breath: the last run and why, and what has kept the next one from starting. */
  readonly sentence: string;
  /** Newest first. */
  readonly decisions: readonly Decision[];
}

const TICKS = 60;
const asked = z.looseObject({ kind: z.string(), reason: z.string(), by: z.string(), as_of: z.string().optional() });

/** @param count decisions at most @throws ObjectCorrupt, StoreUnreachable */
export async function whyOf(store: ObjectStore, model: string, count: number): Promise<Why> {
  const entries: LedgerEntry[] = [];
  for await (const entry of openLedger(store, model).entries()) entries.push(entry);
  const answers = await listAnswers(store, model);
  const ticks = await lastTicks(store, model, TICKS);
  const told = new Set(answers.map(({ trigger }) => String(trigger['eventId'])));
  const decisions = [
    ...answers.flatMap(answerOf),
    ...startsWithoutAnswer(entries, answers),
    ...entries.flatMap(endOf),
    ...looks(ticks, told),
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || order(b) - order(a));
  return { model, sentence: headline(decisions), decisions: decisions.slice(0, count) };
}

/** Of what happened at one logical time: a look asks, its answer follows, then the run ends. */
function order({ what }: Decision): number {
  return what === 'looked' ? 0 : what === 'ended' ? 2 : 1;
}

function answerOf({ trigger, answer, run, reason, at }: Answered): Decision[] {
  const read = asked.safeParse(trigger);
  if (!read.success) return [{ at, what: answer, run, sentence: `A trigger could not be decided: ${reason}.` }];
  const by = `${read.data.kind} (by ${read.data.by})`;
  const because = clause(read.data.reason);
  const sentence = {
    // The answer repeats the reason, with the limits that it was told of.
    started: `${run} started, asked for by ${by}: ${clause(reason)}.`,
    merged: `${run} was asked for by ${by} as well: ${clause(reason)}.`,
    queued: `Asked for by ${by}, ${because}: it waits, because ${clause(reason)}.`,
    skipped: `No run, although ${by} asked for one (${because}): ${clause(reason)}.`,
  }[answer];
  return [{ at: read.data.as_of ?? at, what: answer, run, sentence }];
}

/** Runs of before answers were kept, or whose answers were removed: the ledger knows them still. */
function startsWithoutAnswer(entries: readonly LedgerEntry[], answers: readonly Answered[]): Decision[] {
  const known = new Set(answers.filter(({ answer }) => answer === 'started').map(({ run }) => run));
  return entries.flatMap(({ change, as_of, why, actor }) =>
    change.kind === 'run_started' && !known.has(change.run)
      ? [
          {
            at: as_of,
            what: 'started' as const,
            run: change.run,
            sentence: `${change.run} started, asked for by ${change.trigger} (by ${actor}): ${clause(why)}.`,
          },
        ]
      : [],
  );
}

function endOf({ change, as_of, why }: LedgerEntry): Decision[] {
  if (change.kind !== 'run_ended') return [];
  const sentence = `${change.run} ended ${change.outcome.replaceAll('_', ' ')}: ${clause(why)}.`;
  return [{ at: as_of, what: 'ended', run: change.run, sentence }];
}

/** Looks that asked for nothing; those in a row that said the same are one. @param ticks newest first */
function looks(ticks: readonly TickReport[], answered: ReadonlySet<string>): Decision[] {
  const found: { said: string; first: string; last: string; count: number }[] = [];
  for (const report of ticks) {
    const wanted = report.actions.flatMap((action) => (action.kind === 'trigger' ? [action] : []));
    const open = wanted.filter(({ trigger }) => !answered.has(`tick/${report.model}/${report.as_of}/${trigger}`));
    if (wanted.length > 0 && open.length === 0) {
      found.push({ said: '', first: report.as_of, last: report.as_of, count: 1 });
      continue;
    }
    const said = open.length > 0 ? `${open[0]?.trigger} asks for a run and has no answer yet` : quietly(report);
    const group = found.at(-1);
    if (group?.said === said) {
      group.first = report.as_of;
      group.count += 1;
    } else found.push({ said, first: report.as_of, last: report.as_of, count: 1 });
  }
  return found.flatMap(({ said, first, last, count }) => {
    if (said === '') return [];
    const since = count === 1 ? 'A look' : `${count} looks since ${first.slice(0, 10)}`;
    return [{ at: last, what: 'looked' as const, run: null, sentence: `${since}: ${said}.` }];
  });
}

/** Why this look asked for nothing: its notes; else what it could not judge; else that nothing is wrong. */
function quietly({ actions, findings, champion }: TickReport): string {
  if (champion === null) return 'there is no champion to watch';
  const notes = actions.flatMap((action) => (action.kind === 'note' ? [clause(action.sentence)] : []));
  if (notes.length > 0) return notes.join('. ');
  const seen = findings.filter(({ state }) => state === 'seen').map(({ subject }) => subject);
  const quality = findings.find(({ kind }) => kind === 'performance');
  const judged = quality === undefined || quality.state === 'not_judged' ? 'skill is not judged yet' : 'skill holds';
  if (seen.length > 0) return `${judged}; ${seen.join(', ')} beyond a limit, but in too few windows to act`;
  return `${judged}, nothing was asked for`;
}

function headline(decisions: readonly Decision[]): string {
  const last = decisions.findIndex(({ what }) => what === 'started');
  const since = decisions.slice(0, last < 0 ? undefined : last);
  const refused = since.find(({ what }) => what === 'skipped' || what === 'queued');
  const look = since.find(({ what }) => what === 'looked');
  const now = refused ?? look;
  return [
    last < 0 ? 'It was never retrained.' : (decisions[last]?.sentence ?? ''),
    now === undefined ? 'Nothing has asked for a run since.' : `Since then, on ${now.at.slice(0, 10)}: ${now.sentence}`,
  ].join(' ');
}

/** A sentence as a part of another one. */
function clause(text: string): string {
  return text.trim().replace(/\.$/, '');
}
