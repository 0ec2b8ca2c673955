/** Runs a program that prints what it used as JSON. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Used {
  readonly cpu_seconds: number;
  readonly peak_mb: number;
  readonly rows: number;
  readonly rejected?: readonly string[];
}

const WORK = fileURLToPath(new URL('./data-work.ts', import.meta.url));

export async function dataWork(work: 'checks' | 'checks_and_more' | 'profile' | 'read', path: string): Promise<Used> {
  return await ownProcess(process.execPath, ['--import', import.meta.resolve('tsx'), WORK, work, path]);
}

export async function ownProcess(program: string, parameters: readonly string[]): Promise<Used> {
  const { stdout } = await promisify(execFile)(program, [...parameters]);
  return JSON.parse(stdout) as Used;
}

/** CPU and peak memory of the same two programs, run in turn. */
export async function bothInTurn(
  repeats: number,
  ours: () => Promise<Used>,
  theirs: () => Promise<Used>,
): Promise<{ ours: Used[]; theirs: Used[] }> {
  const found: { ours: Used[]; theirs: Used[] } = { ours: [], theirs: [] };
  for (let i = 0; i < repeats; i++) {
    found.ours.push(await ours());
    found.theirs.push(await theirs());
  }
  return found;
}
