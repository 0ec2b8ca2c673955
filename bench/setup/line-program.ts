/** A peer that stays warm: one line in is one piece of work, one line out is its figure. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface LineProgram {
  /** Does the work once and answers its figure. */
  once(): Promise<number>;
  stop(): void;
}

/** Ready after its first line. */
export async function startLineProgram(command: string, args: readonly string[]): Promise<LineProgram> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const line = await lines.next();
    if (line.done) throw new Error(`${args[0]} ended with exit code ${child.exitCode}`);
    return line.value;
  };
  await next();
  return {
    async once() {
      child.stdin.write('\n');
      return Number(await next());
    },
    stop: () => child.stdin.end(),
  };
}
