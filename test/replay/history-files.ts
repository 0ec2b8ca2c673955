/** Recorded histories as files: one event a line, names of machines and folders taken out, large ones compressed. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';

type History = ReturnType<typeof historyFromJSON>;

export interface RecordedHistory {
  /** `<workflow>.<branch>` */
  readonly name: string;
  readonly workflowId: string;
  readonly history: History;
}

export const HISTORIES = join(import.meta.dirname, 'histories');
const COMPRESSED_FROM = 200_000;

export async function readHistories(): Promise<RecordedHistory[]> {
  const files = (await readdir(HISTORIES)).filter((file) => /\.json(\.gz)?$/.test(file)).sort();
  return await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(HISTORIES, file));
      const recorded = JSON.parse(String(file.endsWith('.gz') ? gunzipSync(bytes) : bytes)) as { workflowId: string };
      return {
        name: file.replace(/\.json(\.gz)?$/, ''),
        workflowId: recorded.workflowId,
        history: historyFromJSON(recorded),
      };
    }),
  );
}

/** Of runs under a policy version that no new run has: kept as long as the code for them is. */
const OLD = /^retraining\.version_\d+_/;

/** Replaces all recorded histories but those that cannot be recorded any more. */
export async function writeHistories(recorded: readonly RecordedHistory[]): Promise<void> {
  await mkdir(HISTORIES, { recursive: true });
  for (const file of await readdir(HISTORIES)) if (!OLD.test(file)) await rm(join(HISTORIES, file));
  await addHistories(recorded);
}

/** Leaves those of other names as they are. */
export async function addHistories(recorded: readonly RecordedHistory[]): Promise<void> {
  for (const { name, workflowId, history } of recorded) {
    const { events } = JSON.parse(historyToJSON(history)) as { events: unknown[] };
    const lines = events.map((event) => JSON.stringify(anonymous(event))).join(',\n');
    const text = `{"workflowId":${JSON.stringify(workflowId)},"events":[\n${lines}\n]}\n`;
    const large = text.length > COMPRESSED_FROM;
    await writeFile(join(HISTORIES, `${name}.json${large ? '.gz' : ''}`), large ? gzipSync(text, { level: 9 }) : text);
  }
}

/** Nothing that replay reads: who worked where, and stack traces. Payloads are opened, because paths hide in there. */
function anonymous(value: unknown): unknown {
  if (typeof value === 'string') return withoutPlaces(value);
  if (Array.isArray(value)) return value.map(anonymous);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === 'stackTrace') return [key, ''];
      if (key === 'identity') return [key, 'recorded'];
      if (key === 'data' && typeof inner === 'string') return [key, reopened(inner)];
      return [key, anonymous(inner)];
    }),
  );
}

function reopened(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const clean = withoutPlaces(text);
  return clean === text ? base64 : Buffer.from(clean).toString('base64');
}

const places: readonly [string, string][] = [
  [resolve(import.meta.dirname, '../..'), '<project>'],
  [tmpdir(), '<tmp>'],
  [homedir(), '<home>'],
];

function withoutPlaces(text: string): string {
  const plain = text.replaceAll(`@${hostname()}`, '@host');
  return places.reduce((rest, [path, name]) => rest.replaceAll(`${path}/`, `${name}/`), plain);
}
