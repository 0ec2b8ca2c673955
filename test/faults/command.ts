/** The command line as a process of its own, as a user runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/hone.mjs', import.meta.url));

export interface Said {
  readonly code: number;
  /** The one document on standard output. */
  readonly document: {
    readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  };
  readonly err: string;
  readonly seconds: number;
}

export async function hone(dir: string, ...words: readonly string[]): Promise<Said> {
  const started = performance.now();
  const child = spawn(process.execPath, [program, '--dir', dir, '--json', ...words], { cwd: dir });
  const [[code], out, err] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code, document: out === '' ? {} : JSON.parse(out), err, seconds: (performance.now() - started) / 1000 };
}
