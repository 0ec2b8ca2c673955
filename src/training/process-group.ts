/** A group of processes seen from outside: how much memory it holds, and how it is told to end. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Linux on the machines Node supports; a larger page would make the figure too small, so `ps` is the fallback elsewhere. */
const pageBytes = 4096;

/** Resident memory of all processes of a group, in MB. 0 when there is none left. */
export async function residentMb(group: number): Promise<number> {
  const bytes = process.platform === 'linux' && process.arch === 'x64' ? await fromProc(group) : await fromPs(group);
  return Math.round(bytes / 1_048_576);
}

async function fromProc(group: number): Promise<number> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const sizes = await Promise.all(
    ids.map(async (id) => {
      // pid (name, which may hold spaces and brackets) state ppid pgrp … rss is field 24
      const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(fields[2]) === group ? Number(fields[21]) * pageBytes : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function fromPs(group: number): Promise<number> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=,rss=']);
  const sizes = stdout.split('\n').map((line) => {
    const [pgid, kilobytes] = line.trim().split(/\s+/).map(Number);
    return pgid === group ? (kilobytes ?? 0) * 1024 : 0;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
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
