/** `hone registry`: the versions of a model. */
import type { Command } from 'commander';
import { z } from 'zod';
import type { VersionManifest } from '../../registry/contract.ts';
import { openLedger } from '../../registry/ledger.ts';
import { type Lineage, lineage } from '../../registry/lineage.ts';
import { type ListedVersion, listVersions, readAttestation, readVersion } from '../../registry/versions.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf, parseRef } from '../refs.ts';
import { facts, table } from '../table.ts';
import { registerImport } from './registry-import.ts';
import { registerUpkeep } from './registry-upkeep.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program.command('registry').description('versions: list them, look at one, import one, verify all');
  withExamples(noun, [
    ['registry list flights-delay', 'every version and its status'],
    ['registry show flights-delay/7', 'one version: metrics, files, origin'],
    ['registry show flights-delay@champion', 'the one that is live'],
    ['registry show flights-delay@champion --card', 'its model card, frozen when it was approved'],
    ['registry verify', 'every file of every version, and whether it loads'],
    ['registry gc --dry-run', 'content that nothing refers to'],
  ]);
  noun
    .command('list <model>')
    .description('every registered version, oldest first')
    .action((model: string) => list(context, model));
  noun
    .command('show <version>')
    .description('one version, as <model>/<number> or <model>@<alias>')
    .option('--card', 'its model card, as it was approved: Markdown, or JSON with --json')
    .action((ref: string, options: { card?: true }) => (options.card ? card(context, ref) : show(context, ref)));
  registerImport(noun, context);
  registerUpkeep(noun, context);
}

async function list(context: CliContext, model: string): Promise<void> {
  await ledgerOf(context, model);
  const store = await context.store();
  const versions = await listVersions(store, model);
  const { aliases } = await openLedger(store, model).state();
  const named = versions.map((version) => ({
    ...version,
    aliases: Object.entries(aliases).flatMap(([name, at]) => (at?.version === version.version ? [name] : [])),
  }));
  context.show({ model, versions: named }, () => versionsText(model, named));
}

export function versionsText(model: string, versions: readonly (ListedVersion & { aliases: string[] })[]): string {
  if (versions.length === 0)
    return `${model} has no version yet. The first run makes one: \`hone run start ${model}\`.`;
  const rows = versions.map(({ version, status, aliases, run, as_of }) => [
    String(version),
    status,
    aliases.join(', ') || '-',
    run ?? 'imported',
    utc(as_of),
  ]);
  return table(['VERSION', 'STATUS', 'ALIASES', 'RUN', 'AS OF'], rows);
}

async function card(context: CliContext, text: string): Promise<void> {
  const { model, ref } = parseRef(text);
  await ledgerOf(context, model);
  const store = await context.store();
  const { version } = await lineage(store, model, ref);
  const found = await readAttestation(store, model, version, 'model-card', frozenCard);
  if (found === undefined)
    throw new UsageError(
      `Version ${version} of ${model} has no model card: it is written when a version is approved. See it: hone registry show ${model}/${version}`,
    );
  const { markdown, ...document } = found;
  context.show(document, () => markdown);
}

const frozenCard = z.looseObject({ markdown: z.string() });

async function show(context: CliContext, text: string): Promise<void> {
  const { model, ref } = parseRef(text);
  await ledgerOf(context, model);
  const store = await context.store();
  const origin = await lineage(store, model, ref);
  const manifest = await readVersion(store, model, origin.version, origin.manifest);
  const { status, aliases, packet, approvals } = origin;
  context.show({ model, version: origin.version, status, aliases, packet, approvals, manifest }, () =>
    versionText(origin, manifest),
  );
}

export function versionText(origin: Lineage, manifest: VersionManifest): string {
  const { model, version, status, aliases } = origin;
  const head = `${model} version ${version}: ${status}${aliases.length === 0 ? '' : ` (${aliases.join(', ')})`}`;
  const metrics = Object.entries(manifest.metrics).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  const served =
    manifest.refit === 'judged' ? 'what was judged' : `refit on all mature rows; judged as version ${manifest.twin}`;
  return `${head}\n\n${facts([
    ['Registered', utc(manifest.registered_at)],
    ['Fitted up to', manifest.fit_end === null ? 'not known' : utc(manifest.fit_end)],
    ['Served is', served],
    ['Validation', metrics.join(', ') || 'no figures'],
    ['Run', `${manifest.run ?? 'imported'} (${manifest.trigger})`],
    ['Files', manifest.files.map(({ name, bytes }) => `${name} (${Math.ceil(bytes / 1024)} kB)`).join(', ')],
    ['Approvals', String(origin.approvals.length)],
  ])}\n\nEverything it was made of: \`hone lineage ${model}/${version}\``;
}
