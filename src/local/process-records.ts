/** What is written down about each named process, so that a later command finds it. One file a name. */
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { ProcessAlreadyRunning } from './errors.ts';
import { processIdentity } from './process-identity.ts';

const record = z.object({
  name: z.string(),
  /** Leader of its own process group. */
  pid: z.number().int().positive(),
  identity: z.string(),
  command: z.array(z.string()),
  log: z.string().nullable(),
  started_at: z.string(),
  /** What others need to reach it, such as `address`. */
  facts: z.record(z.string(), z.string()),
});
export type ProcessRecord = z.output<typeof record>;

/** The record of a process that lives. One without a command is a name taken by a process that is just starting it. */
export async function findProcess(stateDir: string, name: string): Promise<ProcessRecord | undefined> {
  const text = await readFile(recordFile(stateDir, name), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = record.safeParse(parseJson(text));
  if (parsed.success && (await processIdentity(parsed.data.pid)) === parsed.data.identity) return parsed.data;
  return undefined;
}

/** All processes that live, by name. */
export async function listProcesses(stateDir: string): Promise<ProcessRecord[]> {
  const files = await readdir(stateDir).catch(() => []);
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  const found = await Promise.all(names.sort().map((name) => findProcess(stateDir, name)));
  return found.filter((entry) => entry !== undefined);
}

function recordFile(stateDir: string, name: string): string {
  return join(stateDir, `${name}.json`);
}

/**
 * Takes the name before anything is started, so that of two starts at once only one starts a process.
 *
 * @throws ProcessAlreadyRunning
 */
export async function claimName(stateDir: string, name: string): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const file = recordFile(stateDir, name);
  const own = { name, pid: process.pid, identity: (await processIdentity(process.pid)) ?? '', command: [], log: null };
  const body = JSON.stringify({ ...own, started_at: new Date().toISOString(), facts: {} });
  const aside = `${file}.${process.pid}.tmp`;
  await writeFile(aside, body);
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      // A link appears at once and whole, or not at all.
      const taken = await link(aside, file).then(
        () => true,
        () => false,
      );
      if (taken) return;
      const living = await findProcess(stateDir, name);
      if (living !== undefined) throw new ProcessAlreadyRunning(name, living.pid);
      await rm(file, { force: true });
    }
  } finally {
    await rm(aside, { force: true });
  }
  throw new ProcessAlreadyRunning(name, 0);
}

export async function writeRecord(stateDir: string, entry: ProcessRecord): Promise<void> {
  const file = recordFile(stateDir, entry.name);
  await writeFile(`${file}.tmp`, `${JSON.stringify(entry, null, 2)}\n`);
  await rename(`${file}.tmp`, file);
}

export async function removeRecord(stateDir: string, name: string): Promise<void> {
  await rm(recordFile(stateDir, name), { force: true });
}
