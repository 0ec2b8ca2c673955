/** `hone registry verify` and `hone registry gc`: is every version what was written, and what does nothing need any more. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { durationMs } from '../../config/values.ts';
import type { Garbage, GarbageReport } from '../../registry/garbage.ts';
import type { CheckedVersion } from '../../registry/version-check.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { bytesText } from '../byte-size.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { inScratch } from '../scratch.ts';
import { person } from '../services.ts';
import { table } from '../table.ts';

interface GcOptions {
  readonly delete?: true;
  readonly dryRun?: true;
  readonly grace: string;
  readonly by?: string;
}

export function registerUpkeep(noun: Command, context: CliContext): void {
  noun
    .command('verify [model]')
    .description('reads every file of every version, what it was made of, and loads it')
    .action((model?: string) => verify(context, model));
  noun
    .command('gc')
    .description('content that no record mentions; lists it, and removes it with --delete')
    .option('--dry-run', 'remove nothing (this is the default)')
    .option('--delete', 'remove what is older than the grace period, while no run is active')
    .option('--grace <duration>', 'what is younger stays; a day at least', 'P14D')
    .option('--by <name>', 'who does it (default: your account here)')
    .action((options: GcOptions) => gc(context, options));
}

async function verify(context: CliContext, model: string | undefined): Promise<void> {
  if (model !== undefined) await ledgerOf(context, model);
  const store = await context.store();
  const { listModels } = await import('../../registry/models.ts');
  const { checkVersions } = await import('../../registry/version-check.ts');
  const versions: CheckedVersion[] = [];
  await withProgress(context, 'reading the ledgers', (tell) =>
    inScratch(async ({ workDir }) => {
      for (const name of model === undefined ? await listModels(store) : [model]) {
        const load = (version: number) => {
          tell(`loading ${name}/${version} as a prediction server does`);
          return loads(store, name, version, join(workDir, name, String(version)));
        };
        const onVersion = ({ version }: CheckedVersion) => tell(`${name}/${version} read and loaded`);
        versions.push(...(await checkVersions({ store, model: name, load, onVersion })));
      }
    }),
  );
  const ok = versions.every(({ problems }) => problems.length === 0);
  context.show({ ok, versions }, () => verifyText(versions));
  if (!ok) context.exitWith(1);
}

/** From an empty cache, so that the store itself is looked at. */
async function loads(store: ObjectStore, model: string, version: number, cacheDir: string): Promise<void> {
  const { fetchVersion } = await import('../../serving/version-files.ts');
  const { LoadedVersion } = await import('../../serving/loaded-version.ts');
  const { source } = await fetchVersion(store, model, version, cacheDir);
  await (await LoadedVersion.load(source)).release();
}

function verifyText(versions: readonly CheckedVersion[]): string {
  if (versions.length === 0) return 'There is no version to look at.';
  const rows = versions.map(({ model, version, status, files, problems, gaps }) => [
    problems.length > 0 ? 'BROKEN' : gaps.length > 0 ? 'gaps' : 'ok',
    `${model}/${version}`,
    status,
    String(files),
    problems.length > 0 ? 'cannot be served' : gaps.length > 0 ? 'serves; cannot be made again' : 'serves',
  ]);
  const told = versions.flatMap(({ model, version, problems, gaps }) =>
    [...problems, ...gaps].map((one) => `${model}/${version}: ${one}`),
  );
  const list = table(['', 'VERSION', 'STATUS', 'FILES', ''], rows);
  return told.length === 0 ? `${list}\n\nEvery file is what was written.` : `${list}\n\n${told.join('\n')}`;
}

async function gc(context: CliContext, options: GcOptions): Promise<void> {
  if (options.delete && options.dryRun) throw new UsageError('--dry-run and --delete say opposite things; write one.');
  let graceMs: number;
  try {
    graceMs = durationMs(options.grace);
  } catch {
    throw new UsageError(`--grace ${JSON.stringify(options.grace)} is no duration; write one such as P14D.`);
  }
  const { findGarbage, removeGarbage } = await import('../../registry/garbage.ts');
  const order = { store: await context.store(), graceMs, now: context.terminal.now() };
  if (!options.delete) {
    const report = await withProgress(context, 'reading every record for what it mentions', () => findGarbage(order));
    return context.show({ dry_run: true, ...report }, () => listText(report, options.grace));
  }
  const removed = await withProgress(context, 'reading every record, then removing what none mentions', () =>
    removeGarbage({ ...order, by: person(options.by) }),
  );
  context.show({ dry_run: false, removed }, () =>
    removed.length === 0
      ? `Nothing is older than ${options.grace} and unused; nothing was removed.`
      : `${garbageTable(removed)}\n\n${removed.length} objects removed, ${sizeText(removed)}. A note of them is in the store under garbage/.`,
  );
}

function listText({ looked_at, garbage, active }: GarbageReport, grace: string): string {
  if (garbage.length === 0) return `All of ${looked_at} objects are in use.`;
  const due = garbage.filter((one) => one.due);
  const waits = active.length === 0 ? '' : ` Not while ${active.join(', ')} is active.`;
  const next =
    due.length === 0 ? `None is older than ${grace}.` : `Remove ${sizeText(due)}: hone registry gc --delete.${waits}`;
  return `${garbageTable(garbage)}\n\n${garbage.length} of ${looked_at} objects are not in use, ${sizeText(garbage)}. ${next}`;
}

function garbageTable(garbage: readonly Garbage[]): string {
  const rows = garbage.map(({ key, bytes, written_at, reason, due }) => [
    key,
    bytesText(bytes),
    written_at.slice(0, 10),
    due ? reason : `${reason}; too young`,
  ]);
  return table(['OBJECT', 'SIZE', 'WRITTEN', 'WHY'], rows, 'OBJECT');
}

const sizeText = (garbage: readonly Garbage[]): string => bytesText(garbage.reduce((sum, { bytes }) => sum + bytes, 0));
