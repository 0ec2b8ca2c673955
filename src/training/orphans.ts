/**
 * Trainer programs that outlive their worker. Each is written down while it runs, with the worker that started it; one
 * whose worker has died belongs to nobody: its result would be thrown away, and a retry trains beside it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { processIdentity } from '../local/process-identity.ts';
import { listProcesses, type ProcessRecord, removeRecord, writeRecord } from '../local/process-records.ts';
import { stopProcess } from '../local/processes.ts';

/** Beside the folders of the runs, which are removed when a run ends. */
export function trainersRecordFolder(scratchDir: string): string {
  return join(scratchDir, 'trainers');
}

export interface TrainerOwner {
  readonly folder: string;
  readonly model: string;
  readonly run: string;
  readonly attempt: number;
}

/** @returns call it when the program is over */
export async function noteTrainer(owner: TrainerOwner, pid: number, command: readonly string[], log: string) {
  const { folder, model, run, attempt } = owner;
  const name = `${run}-attempt-${attempt}-${pid}`;
  await mkdir(folder, { recursive: true });
  await writeRecord(folder, {
    ...{ name, pid, log, command: [...command] },
    identity: (await processIdentity(pid)) ?? '',
    started_at: new Date().toISOString(),
    facts: { model, run, worker: String(process.pid), worker_identity: (await processIdentity(process.pid)) ?? '' },
  });
  return () => removeRecord(folder, name);
}

/** Only of this machine: a process id says nothing of another one. */
export async function orphanTrainers(folder: string): Promise<ProcessRecord[]> {
  const living = await listProcesses(folder);
  const orphans: ProcessRecord[] = [];
  for (const record of living) {
    const { worker, worker_identity } = record.facts;
    if ((await processIdentity(Number(worker))) !== worker_identity) orphans.push(record);
  }
  return orphans;
}

/** SIGTERM, grace, SIGKILL to its whole group. @returns whether it is gone, as read back */
export async function stopOrphan(folder: string, name: string): Promise<boolean> {
  await stopProcess(folder, name);
  return !(await listProcesses(folder)).some((record) => record.name === name);
}
