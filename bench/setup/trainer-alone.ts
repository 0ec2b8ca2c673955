/** The trainer program by itself, on the very jobs that a run gave it: what no orchestration could avoid. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensurePython } from '../../src/local/python.ts';
import { trainerJob } from '../../src/training/contract.ts';
import { trainerEnvironmentVariables } from '../../src/training/prepare-job.ts';
import { findTrainer } from '../../src/training/trainers.ts';

/**
 * Milliseconds of the jobs one after the other, each in a process of its own, as in the run.
 *
 * @param jobs contents of `job.json` files; the data that they name must still be there
 */
export async function trainerAlone(jobs: readonly string[], name = 'lightgbm'): Promise<number> {
  const trainer = await findTrainer(name);
  const { python } = await ensurePython({ requirements: trainer.requirements ?? '' });
  let elapsed = 0;
  for (const text of jobs) {
    const folder = await mkdtemp(join(tmpdir(), 'hone-bench-trainer-'));
    const [output, temporary, jobFile] = ['out', 'tmp', 'job.json'].map((part) => join(folder, part)) as [
      string,
      string,
      string,
    ];
    await Promise.all([mkdir(output), mkdir(temporary)]);
    const given = trainerJob.parse(JSON.parse(text));
    const job = { ...given, output_dir: output, checkpoint_dir: null };
    await writeFile(jobFile, JSON.stringify(job));
    const env = trainerEnvironmentVariables({ job, jobFile, temporary, logFile: '' });
    const started = performance.now();
    await promisify(execFile)(python, [trainer.program], { cwd: folder, env, maxBuffer: 64 << 20 });
    elapsed += performance.now() - started;
    await rm(folder, { recursive: true, force: true });
  }
  return elapsed;
}
