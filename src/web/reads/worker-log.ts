/** The last lines that the worker of this workspace logged about a run; other machines have logs of their own. */
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { logFileOf } from '../../local/log-file.ts';

const line = z.object({
  level: z.number(),
  time: z.number(),
  run: z.string(),
  stage: z.string().optional(),
  attempt: z.number().optional(),
  code: z.string().optional(),
  msg: z.string().optional(),
  err: z.object({ message: z.string() }).optional(),
});
export type LoggedLine = z.output<typeof line>;

/** Of a log this much is read, from its end. */
const BYTES = 512 * 1024;
const SHOWN = 20;

/**
 * Only `hone up` writes this file.
 *
 * @param dir of the workspace
 * @returns the newest last, at most 20; null where there is no such file
 */
export async function workerLog(dir: string, run: string): Promise<readonly LoggedLine[] | null> {
  const text = await endOf(logFileOf(dir, 'worker'));
  if (text === null) return null;
  const found = text.split('\n').flatMap((one) => (one.includes(run) ? (parsed(one) ?? []) : []));
  return found.filter((one) => one.run === run).slice(-SHOWN);
}

async function endOf(file: string): Promise<string | null> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - BYTES);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(size - from), position: from });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Null for a line of somebody else, such as the SDK, or one that is cut. */
function parsed(text: string): LoggedLine | null {
  try {
    return line.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
