/** Runs a program to its end and keeps what it said; never through a shell. */
import { type ExecFileException, execFile } from 'node:child_process';

export interface CommandEnd {
  /** 0 where it succeeded; null where it could not be started, was killed or ran out of time. */
  readonly code: number | null;
  readonly stdout: string;
  /** The last line that says why, for a list of tries. */
  readonly reason: string;
}

export function runCommand(
  program: string,
  args: readonly string[],
  options: { timeoutMs: number; cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<CommandEnd> {
  return new Promise((done) => {
    const settings = { ...options, timeout: options.timeoutMs, killSignal: 'SIGKILL' as const, maxBuffer: 8 << 20 };
    execFile(program, [...args], settings, (error, stdout, stderr) => {
      if (error === null) return done({ code: 0, stdout, reason: '' });
      const code = typeof error.code === 'number' ? error.code : null;
      done({ code, stdout, reason: reasonOf(error, stderr, options.timeoutMs) });
    });
  });
}

function reasonOf(error: ExecFileException, stderr: string, timeoutMs: number): string {
  if (error.code === 'ENOENT') return 'not found';
  if (error.killed) return `stopped after ${Math.round(timeoutMs / 1000)} s`;
  const lines = stderr
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '');
  const said = lines.findLast((line) => /error|fail|cannot|could not/i.test(line)) ?? lines.at(-1) ?? error.message;
  return withoutAddresses(said.trim()).slice(0, 200);
}

/** Addresses of registries and proxies may carry credentials; a reason is printed and logged. */
function withoutAddresses(text: string): string {
  return text.replace(/\b[a-z+]+:\/\/[^\s'")]+/gi, '<address>');
}
