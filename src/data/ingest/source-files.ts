/** Which files a source means: a file, a glob or a folder. Names that begin with `_` or `.` are never data. */
import { access, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, sep } from 'node:path';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteText } from '../sql-text.ts';
import { SourceIncomplete, SourceMissing, SourceUnreadable } from './errors.ts';
import { partitionKeys } from './partitions.ts';

export type FileFormat = 'parquet' | 'csv' | 'jsonl';

export interface SourceFile {
  /** Where its bytes lie on this machine. */
  readonly path: string;
  /** What messages call it. */
  readonly origin: string;
  /** Relative to the project, the command's folder or the prefix: what manifests call it. */
  readonly name: string;
  readonly bytes: number;
  /** Time of the last change of content, name or rights; unlike the modification time nobody can set it. */
  readonly modifiedMs: number;
  /** From the `key=value` folders below the source. */
  readonly partitions: Readonly<Record<string, string>>;
}

export interface Found {
  /** In name order. */
  readonly files: readonly SourceFile[];
  /** Names of files without a completion marker in their folder or one above it. */
  readonly waiting: readonly string[];
  /** The folder on this machine that the names, partitions and markers are below of. */
  readonly root: string;
}

export interface Where {
  /** Folder that relative paths start at. */
  readonly base: string;
  /** Of a folder only such files are taken; all of them where the source does not say its format. */
  readonly format: FileFormat | undefined;
  readonly marker: string | undefined;
}

/** @throws SourceMissing when nothing matches; SourceIncomplete when no file has its completion marker */
export async function findSourceFiles(db: Connection, pattern: string, where: Where): Promise<Found> {
  const full = isAbsolute(pattern) ? pattern : join(where.base, pattern);
  const folder = await isFolder(full);
  const root = folder ? full : fixedPart(full);
  const matches = folder ? await allBelow(root) : await matching(db, full);
  const wanted = matches.filter(
    (path) => path === full || isData(relative(root, path), folder ? where.format : undefined),
  );
  if (wanted.length === 0) throw new SourceMissing(pattern, where.base);

  const marked = new Map<string, boolean>();
  const files: SourceFile[] = [];
  const waiting: string[] = [];
  for (const path of wanted) {
    const inProject = relative(where.base, path);
    const below = relative(root, path);
    const name = (inProject.startsWith('..') || isAbsolute(inProject) ? below : inProject).split(sep).join('/');
    if (where.marker !== undefined && !(await isMarked(dirname(path), root, where.marker, marked))) waiting.push(name);
    else files.push({ path, origin: path, name, ...(await look(path)), partitions: partitionKeys(below.split(sep)) });
  }
  if (files.length === 0) throw new SourceIncomplete(pattern, `no folder in it has the marker ${where.marker} yet`);
  return { files, waiting, root };
}

/** By the name's ending; used where the model file does not say (`sql` and `command` sources). */
export function formatOf(file: string): FileFormat {
  const format = formatByEnding(file);
  if (format) return format;
  const ending = extname(file);
  throw new SourceUnreadable(file, `its ending "${ending}" says no format`, 'Name it .parquet, .csv or .jsonl.');
}

/** Whether a file of a folder is data: no segment hidden, and the ending that its format has. */
export function isData(name: string, format: FileFormat | undefined): boolean {
  if (name.split(/[/\\]/).some((segment) => /^[_.]/.test(segment))) return false;
  return format === undefined || formatByEnding(name) === format;
}

/** @throws SourceIncomplete when a file is another one than before reading */
export async function checkUnchanged(
  files: readonly Pick<SourceFile, 'path' | 'bytes' | 'modifiedMs'>[],
): Promise<void> {
  for (const before of files) {
    const after = await look(before.path);
    if (after.bytes !== before.bytes || after.modifiedMs !== before.modifiedMs) {
      throw new SourceIncomplete(before.path, `it changed while it was read (${before.bytes} to ${after.bytes} bytes)`);
    }
  }
}

async function look(path: string): Promise<Pick<SourceFile, 'bytes' | 'modifiedMs'>> {
  try {
    const found = await stat(path);
    return { bytes: found.size, modifiedMs: found.ctimeMs };
  } catch {
    throw new SourceIncomplete(path, 'it was removed while it was being read');
  }
}

function formatByEnding(file: string): FileFormat | undefined {
  const ending = extname(basename(file).replace(/\.gz$/, '')).toLowerCase();
  if (ending === '.parquet') return 'parquet';
  if (ending === '.csv' || ending === '.tsv') return 'csv';
  return ending === '.jsonl' || ending === '.ndjson' || ending === '.json' ? 'jsonl' : undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function allBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const paths = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? await allBelow(path) : [path];
  });
  return (await Promise.all(paths)).flat().sort();
}

async function matching(db: Connection, pattern: string): Promise<string[]> {
  const rows = await rowsOf(db, `SELECT file FROM glob(${quoteText(pattern)}) ORDER BY file`);
  return rows.map(({ file }) => String(file));
}

/** The folders of a glob before its first wildcard; the folder of a plain file. */
function fixedPart(pattern: string): string {
  const segments = pattern.split('/');
  const wild = segments.findIndex((segment) => /[*?[{]/.test(segment));
  return wild < 0 ? dirname(pattern) : segments.slice(0, wild).join('/') || '/';
}

async function isMarked(folder: string, root: string, marker: string, known: Map<string, boolean>): Promise<boolean> {
  const before = known.get(folder);
  if (before !== undefined) return before;
  const here = await access(join(folder, marker)).then(
    () => true,
    () => false,
  );
  const found =
    here || (folder !== root && folder.startsWith(root) && (await isMarked(dirname(folder), root, marker, known)));
  known.set(folder, found);
  return found;
}
