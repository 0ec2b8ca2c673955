/** `hone doctor`: each part, its version, where it came from, and what to do about what is missing. */
import type { Command } from 'commander';
import type { Part } from '../../local/preflight.ts';
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
  const parts = await examine(await context.workspaceDir().catch(() => null), context.terminal.env);
  const ok = parts.every((part) => part.ok);
  const reviews = await reviewsDue(context);
  context.show({ ok, parts, reviews }, () => [partsText(parts), ...reviews.map(dueReviewText)].join('\n\n'));
  if (!ok) context.exitWith(69);
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
