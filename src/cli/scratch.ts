/** A folder for heavy work of one command, removed afterwards, and Ctrl-C as a signal that the work obeys. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { honeCacheFolder } from '../local/cache-folder.ts';
import { UsageError } from './errors.ts';

export interface Scratch {
  readonly workDir: string;
  /** Objects by hash, shared with the worker. */
  readonly cacheDir: string;
  readonly signal: AbortSignal;
}

class Interrupted extends UsageError {
  override readonly exitCode = 130;
}

export async function inScratch<T>(work: (scratch: Scratch) => Promise<T>): Promise<T> {
  const workDir = await mkdtemp(join(tmpdir(), 'hone-'));
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  process.once('SIGINT', stop);
  try {
    return await work({ workDir, cacheDir: join(honeCacheFolder(), 'objects'), signal: stopped.signal });
  } catch (error) {
    if (stopped.signal.aborted) throw new Interrupted('Interrupted; nothing was changed.', { cause: error });
    throw error;
  } finally {
    process.off('SIGINT', stop);
    await rm(workDir, { recursive: true, force: true });
  }
}
