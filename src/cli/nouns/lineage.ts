/** `hone lineage`: from a prediction's version back to code, data, configuration, run and approvals. */
import type { Command } from 'commander';
import { z } from 'zod';
import { type Lineage, lineage } from '../../registry/lineage.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf, parseRef } from '../refs.ts';
import { facts, table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('lineage <version>')
    .description('everything a version was made of, as <model>/<number> or <model>@<alias>');
  withExamples(command, [
    ['lineage flights-delay@champion', 'the version that is live'],
    ['lineage flights-delay/7 --json', 'one version, complete'],
  ]).action(async (text: string) => {
    const { model, ref } = parseRef(text);
    await ledgerOf(context, model);
    const found = await lineage(await context.store(), model, ref);
    context.show(found, () => lineageText(found));
  });
}

export function lineageText(origin: Lineage): string {
  const short = (digest: string | null) => digest?.slice(0, 12) ?? 'none (imported)';
  const { geometry, aliases } = origin;
  const span = (part: { from: string; to: string }) => `${utc(part.from)} to ${utc(part.to)}`;
  const params = Object.entries(origin.params).map(([name, value]) => `${name}=${value}`);
  const made = facts([
    ['Status', `${origin.status}${aliases.length === 0 ? '' : ` (${aliases.join(', ')})`}`],
    ['Manifest', short(origin.manifest)],
    ['Code', `${origin.commit.slice(0, 12)}${origin.dirty ? ', with uncommitted changes' : ''}`],
    ['Configuration', short(origin.config)],
    ['Raw snapshot', short(origin.raw)],
    ['Feature snapshot', short(origin.features)],
    ['Feature definition', short(origin.definition)],
    ['Trainer', origin.trainer.name],
    ['Parameters', params.join(', ') || 'none'],
    ['Seed', String(origin.seed)],
    ['As of', utc(origin.as_of)],
    ...(geometry === null
      ? []
      : ([
          ['Trained on', span(geometry.train)],
          ['Validated on', span(geometry.validation)],
          ['Judged on', span(geometry.holdout)],
        ] as const)),
    ['Fitted up to', origin.fit_end === null ? 'not known' : utc(origin.fit_end)],
    ['Twin', origin.twin === null ? 'none: what was judged is served' : `judged as version ${origin.twin}`],
    [
      'Run',
      `${origin.run ?? 'imported'} (${origin.trigger})${origin.retry_of ? `, from ${origin.retry_of.from} on the results of ${origin.retry_of.run}` : ''}`,
    ],
    ['Packet', short(origin.packet)],
    ['Approvals', origin.approvals.map(approvalText).join('; ') || 'none'],
  ]);
  const events = origin.ledger.map(({ seq, as_of, actor, kind }) => [String(seq), utc(as_of), actor, kind]);
  return `${origin.model} version ${origin.version}\n\n${made}\n\n${table(['SEQ', 'AS OF', 'BY', 'CHANGE'], events)}`;
}

const decided = z.object({ verdict: z.object({ kind: z.string(), by: z.array(z.string()), comment: z.string() }) });

function approvalText(approval: unknown): string {
  const found = decided.safeParse(approval);
  if (!found.success) return JSON.stringify(approval);
  const { kind, by, comment } = found.data.verdict;
  return `${kind} by ${by.join(', ') || 'nobody'}${comment ? `: ${comment}` : ''}`;
}
