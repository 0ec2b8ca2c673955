/** `hone backup` and `hone restore`: the store to another place, and back into an empty one. */
import type { Command } from 'commander';
import type { BackupManifest } from '../../backup/contract.ts';
import type { RestoredModel } from '../../backup/restore.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { utc } from '../../times.ts';
import { bytesText } from '../byte-size.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { ofAll, withProgress } from '../progress.ts';
import { inScratch } from '../scratch.ts';
import { facts, table } from '../table.ts';

interface RestoreOptions {
  readonly from: string;
  readonly backup?: string;
  readonly list?: true;
  readonly dryRun?: true;
}

export function register(program: Command, context: CliContext): void {
  withExamples(program.command('backup').description('copy the store to another place, while hone goes on'), [
    ['backup --to /mnt/backups/hone', 'everything, as of now'],
    ['backup --to s3://backups/hone --without-data', 'what serving, roll-back and audit need'],
  ])
    .requiredOption('--to <place>', 'a folder, or s3://bucket/prefix?endpoint=…; may hold earlier backups')
    .option('--without-data', 'leave out recorded rows and snapshots of training data')
    .action((options: { to: string; withoutData?: true }) => backup(context, options));
  withExamples(program.command('restore').description('bring a backup back into an empty store'), [
    ['restore --from /mnt/backups/hone --list', 'which backups there are'],
    ['restore --from /mnt/backups/hone --dry-run', 'read and check the newest, write nothing'],
    ['restore --from /mnt/backups/hone', 'into the empty store of config/hone.yaml'],
  ])
    .requiredOption('--from <place>', 'the folder or S3 address that `hone backup --to` was given')
    .option('--backup <id>', 'default: the newest')
    .option('--list', 'name the backups, and do nothing')
    .option('--dry-run', 'read all of it and compare digests, write nothing')
    .action((options: RestoreOptions) => restore(context, options));
}

async function backup(context: CliContext, { to, withoutData = false }: { to: string; withoutData?: boolean }) {
  const store = await context.store();
  const place = await placeOf(context, to);
  if (`${place.uri}/`.startsWith(`${store.uri}/`) || `${store.uri}/`.startsWith(`${place.uri}/`))
    throw new UsageError(
      `${place.uri} and the store ${store.uri} lie in one another. Name a place of its own; nothing was copied.`,
    );
  const { takeBackup } = await import('../../backup/take.ts');
  const manifest = await withProgress(context, 'listing the objects', (tell) =>
    inScratch(({ workDir, signal }) =>
      takeBackup({
        ...{ store, place, withoutData, workDir, signal, at: context.terminal.now() },
        onProgress: (copied, bytes) => tell(`${copied.toLocaleString('en-US')} objects copied, ${bytesText(bytes)}`),
      }),
    ),
  );
  const { objects, ...rest } = manifest;
  const document = { ...rest, place: place.uri, objects: objects.length, bytes: sizeOf(manifest) };
  context.show(document, () => backupText(manifest, place.uri, to));
  if (manifest.damaged.length > 0) context.exitWith(1);
}

async function restore(context: CliContext, { from, backup: id, list, dryRun }: RestoreOptions): Promise<void> {
  const place = await placeOf(context, from);
  const { listBackups, readBackup, checkBackup, restoreBackup } = await import('../../backup/restore.ts');
  if (list) {
    const backups = await Promise.all((await listBackups(place)).map((one) => readBackup(place, one)));
    const rows = backups.map((one) => ({ ...one, objects: one.objects.length, bytes: sizeOf(one) }));
    return context.show({ place: place.uri, backups: rows }, () => listText(rows, place.uri, from));
  }
  const manifest = await readBackup(place, id);
  const store = await context.store();
  const models = await withProgress(context, `reading backup ${manifest.id}`, (tell) =>
    inScratch(async ({ workDir, signal }) => {
      const all = manifest.objects.length;
      const onProgress = (step: string, done: number) => tell(ofAll(done, all, `objects ${step}`));
      const order = { place, store, manifest, workDir, onProgress, signal };
      return dryRun ? await checkBackup(order).then(() => null) : await restoreBackup(order);
    }),
  );
  const document = { id: manifest.id, place: place.uri, store: store.uri, objects: manifest.objects.length, models };
  context.show(document, () =>
    models === null
      ? `Backup ${manifest.id} is whole: ${manifest.objects.length} objects, ${bytesText(sizeOf(manifest))}. Nothing was written.\n\nBring it back: hone restore --from ${from}`
      : restoredText(manifest, models, store.uri),
  );
}

/** Relative to where the command is called; `file:` may be left out. */
async function placeOf(context: CliContext, text: string): Promise<ObjectStore> {
  const { openStore } = await import('../../store/open-store.ts');
  return openStore(/^(file:|s3:)/.test(text) ? text : `file:${text}`, context.terminal.cwd);
}

const sizeOf = ({ objects }: BackupManifest): number => objects.reduce((sum, { bytes }) => sum + bytes, 0);

function backupText(manifest: BackupManifest, place: string, to: string): string {
  const { id, heads, damaged, objects, without_data } = manifest;
  const head = facts([
    ['Backup', id],
    ['In', place],
    ['Holds', `${objects.length} objects, ${bytesText(sizeOf(manifest))}${without_data ? ', without data' : ''}`],
    ['Models', heads.map(({ model, seq }) => `${model} up to entry ${seq}`).join(', ') || 'none'],
  ]);
  const broken = damaged.slice(0, 10).map(({ key, problem }) => `  ${key}: ${problem}`);
  const warning =
    broken.length === 0
      ? ''
      : `\n\n${damaged.length} objects of the store are not whole and are not in the backup:\n${broken.join('\n')}\nLook: hone registry verify. An earlier backup may hold them.`;
  return `${head}${warning}\n\nThe configuration is not in it: keep config/ in git.\nCheck it: hone restore --from ${to} --dry-run`;
}

type Listed = Omit<BackupManifest, 'objects'> & { objects: number; bytes: number };

function listText(backups: readonly Listed[], place: string, from: string): string {
  if (backups.length === 0) return `${place} holds no backup. Make one: hone backup --to ${from}`;
  const rows = backups.map(({ id, taken_at, heads, objects, bytes, without_data, damaged }) => [
    id,
    utc(taken_at),
    String(heads.filter(({ model }) => model !== '_fleet').length),
    String(objects),
    bytesText(bytes),
    [...(without_data ? ['without data'] : []), ...(damaged.length > 0 ? [`${damaged.length} damaged`] : [])].join(
      ', ',
    ) || '-',
  ]);
  return table(['BACKUP', 'TAKEN', 'MODELS', 'OBJECTS', 'SIZE', 'NOTE'], rows);
}

function restoredText({ id, objects }: BackupManifest, models: readonly RestoredModel[], store: string): string {
  const rows = models
    .filter(({ model }) => model !== '_fleet')
    .map(({ model, entries, champion, activeRun }) => [
      model,
      String(entries),
      champion === null ? '-' : String(champion),
      activeRun ?? '-',
    ]);
  const lost = models.some(({ activeRun }) => activeRun !== null)
    ? '\nAn open run keeps its lock until its owner sees that Temporal does not know it.'
    : '';
  return `Backup ${id} is in ${store}: ${objects.length} objects, each with its digest, chains unbroken.

${table(['MODEL', 'ENTRIES', 'CHAMPION', 'OPEN RUN'], rows)}
${lost}
Schedules and owners live in Temporal, not in the backup. They are made by:
  hone up                  everything on this machine
  hone config apply        where worker and servers run elsewhere`;
}
