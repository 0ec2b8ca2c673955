/** CPU and memory of a process group, from `/proc`: a worker or a server with all that it started. Linux only. */
import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks a second; what Linux tells programs on every platform of today. */
const HZ = 100;

export interface GroupUse {
  readonly cpuSeconds: number;
  readonly memoryMb: number;
}

/** CPU of the living and of those that ended and were waited for; memory that is theirs now, pages shared with others counted in part. */
export async function groupUse(group: number): Promise<GroupUse> {
  let [ticks, kb] = [0, 0];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields === undefined || Number(fields[2]) !== group) continue;
    for (const field of [11, 12, 13, 14]) ticks += Number(fields[field]);
    const memory = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    kb += Number(/^Pss:\s+(\d+)/m.exec(memory)?.[1] ?? 0);
  }
  return { cpuSeconds: ticks / HZ, memoryMb: kb / 1024 };
}
