/** `hone doctor`: each part, its version, where it came from, and what to do about what is missing. */
import type { Command } from 'commander';
import type { WorkExamined } from '../../local/doctor-work.ts';
import type { Part } from '../../local/preflight.ts';
import type { Stuck } from '../../reconciliation/stuck.ts';
import { type DueReview, dueReviewText } from '../../registry/reviews.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  const command = program.command('doctor').description('what this machine has and lacks, and what to do');
  withExamples(command, [
    ['doctor', 'each part, its version, where it comes from'],
    ['doctor --json', 'for a bug report'],
  ]).action(() => doctor(context));
}

async function doctor(context: CliContext): Promise<void> {
  const { examine } = await import('../../local/doctor.ts');
  const dir = await context.workspaceDir().catch(() => null);
  const examined = await examine(dir, context.terminal.env);
  const { parts: work, stuck } = await workOf(context, examined);
  const parts = [...examined, ...work];
  const ok = parts.every((part) => part.ok);
  const reviews = await reviewsDue(context);
  context.show({ ok, parts, stuck, reviews }, () =>
    [partsText(parts), ...stuckText(stuck), ...reviews.map(dueReviewText)].join('\n\n'),
  );
  if (!ok) context.exitWith(69);
}

/** What should go on, where Temporal answers. */
async function workOf(context: CliContext, parts: readonly Part[]): Promise<WorkExamined> {
  const server = parts.find(({ name }) => name === 'Temporal server');
  if (server?.version !== 'answers') return { parts: [], stuck: [] };
  const { examineWork } = await import('../../local/doctor-work.ts');
  return await examineWork((await context.workspace()).hone, context.terminal.now().toISOString());
}

export function stuckText(stuck: readonly Stuck[]): string[] {
  if (stuck.length === 0) return [];
  const lines = stuck.map(({ sentence, command }) => `${sentence}\n  ${command}`);
  return [
    `${stuck.length === 1 ? 'One workflow does' : `${stuck.length} workflows do`} not get on:\n${lines.join('\n')}`,
  ];
}

/** None where there is no workspace, or its store does not answer: that is said by the parts. */
async function reviewsDue(context: CliContext): Promise<DueReview[]> {
  try {
    const { allDueReviews } = await import('./review.ts');
    return await allDueReviews(await context.store());
  } catch {
    return [];
  }
}

export function partsText(parts: readonly Part[]): string {
  const rows = parts.map(({ name, ok, version, from }) => [ok ? 'ok' : 'MISSING', name, version ?? '-', from]);
  const todo = parts.filter(({ advice }) => advice !== '').map(({ name, advice }) => `${name}: ${advice}`);
  const head = table(['', 'PART', 'VERSION', 'FROM'], rows);
  return todo.length === 0 ? `${head}\n\nNothing is missing.` : `${head}\n\n${todo.join('\n')}`;
}
