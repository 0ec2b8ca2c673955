/** Ends a process group when this process is gone, however it went: SIGKILL leaves no chance to clean up oneself. */
import { spawn } from 'node:child_process';

/**
 * `cat` ends when the pipe to this process closes, which the kernel does at any death. Ten seconds' grace, then SIGKILL.
 * A shell and not a Node process: it waits as long as this process lives, and costs a megabyte instead of forty.
 */
const WATCH = `cat >/dev/null
kill -s TERM -- "-$1" 2>/dev/null || exit 0
n=0
while [ $n -lt 100 ] && kill -s 0 -- "-$1" 2>/dev/null; do n=$((n+1)); sleep 0.1; done
kill -s KILL -- "-$1" 2>/dev/null`;

/** @returns a function that ends the watch and leaves the group alone */
export function stopWithParent(group: number): () => void {
  const watch = spawn('/bin/sh', ['-c', WATCH, 'hone-watch', String(group)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watch.on('error', () => undefined);
  watch.stdin.on('error', () => undefined);
  watch.unref();
  (watch.stdin as unknown as { unref?: () => void }).unref?.();
  return () => {
    if (watch.pid === undefined || watch.exitCode !== null) return;
    // The whole watch group at once: ending `cat` alone would be read as our own end.
    try {
      process.kill(-watch.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
}
