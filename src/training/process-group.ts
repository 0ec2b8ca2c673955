/** A group of processes seen from outside: how much memory and processor time it takes, and how it is told to end. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Linux on the machines Node supports; a larger page would make the figure too small, so `ps` is the fallback elsewhere. */
const pageBytes = 4096;

/** Linux counts processor time in hundredths of a second (USER_HZ) on every machine that Node supports. */
const ticksPerSecond = 100;

export interface GroupUse {
  /** Resident memory of all processes, in MB. 0 when there is none left. */
  readonly residentMb: number;
  /** Processor time of those that are there and of their children that have ended. */
  readonly cpuSeconds: number;
}

export async function groupUse(group: number): Promise<GroupUse> {
  const uses = process.platform === 'linux' && process.arch === 'x64' ? await fromProc(group) : await fromPs(group);
  const total = (of: (use: Use) => number) => uses.reduce((sum, use) => sum + of(use), 0);
  return { residentMb: Math.round(total(({ bytes }) => bytes) / 1_048_576), cpuSeconds: total(({ cpu }) => cpu) };
}

interface Use {
  readonly bytes: number;
  readonly cpu: number;
}

async function fromProc(group: number): Promise<Use[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const uses = await Promise.all(
    ids.map(async (id) => {
      // pid (name, which may hold spaces and brackets) state ppid pgrp … utime to cstime are 14 to 17, rss is field 24
      const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[2]) !== group) return [];
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      return [{ bytes: Number(fields[21]) * pageBytes, cpu: ticks / ticksPerSecond }];
    }),
  );
  return uses.flat();
}

async function fromPs(group: number): Promise<Use[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=,rss=,time=']);
  return stdout.split('\n').flatMap((line) => {
    const [pgid, kilobytes, time = ''] = line.trim().split(/\s+/);
    if (Number(pgid) !== group) return [];
    return [{ bytes: Number(kilobytes) * 1024, cpu: secondsOf(time) }];
  });
}

/** `[days-][hours:]minutes:seconds`, as ps writes processor time. */
function secondsOf(time: string): number {
  const [clock = '', days = '0'] = time.split('-').reverse();
  return Number(days) * 86_400 + clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** Signals every process of the group; false when there is none left. */
export function signalGroup(group: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false; // macOS says EPERM of a group that holds only the dead
    throw error;
  }
}
