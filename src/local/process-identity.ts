/** Who a process id belongs to: a number alone may have been recycled since it was written down. */
import { readdir, readFile } from 'node:fs/promises';
import { runCommand } from './run-command.ts';

/**
 * A text that is the same for as long as the process lives, and different for any other with its number: boot and start
 * time. Undefined where no such process runs; one that has ended and only waits for its parent (a zombie) does not.
 */
export async function processIdentity(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid);
}

async function linuxIdentity(pid: number): Promise<string | undefined> {
  const fields = await statFields(pid);
  if (fields === undefined || isDead(fields[0])) return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}/${fields[19]}`;
}

/** Fields of proc(5) from the state on: 0 state, 2 process group, 19 start time. The name before them may hold anything. */
async function statFields(pid: number): Promise<string[] | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function isDead(state: string | undefined): boolean {
  return state === 'Z' || state === 'X';
}

async function psIdentity(pid: number): Promise<string | undefined> {
  const { code, stdout } = await runCommand('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { timeoutMs: 10_000 });
  const [stat, ...started] = stdout.trim().split(/\s+/);
  return code === 0 && stat !== undefined && !stat.startsWith('Z') ? started.join(' ') : undefined;
}

/** Whether any process of a group still runs. Zombies do not: where nobody collects them they would stay for ever. */
export async function groupLives(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (process.platform !== 'linux' || (await processIdentity(group)) !== undefined) return true;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const members = await Promise.all(pids.map((pid) => statFields(Number(pid))));
  return members.some((fields) => fields !== undefined && fields[2] === String(group) && !isDead(fields[0]));
}

/** Sends a signal to a whole group; no error where it is gone. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
