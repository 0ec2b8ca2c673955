/** Finds a Python to start from: the trainers' environment and one way to the Temporal CLI need it. */
import { SettingUnusable } from './errors.ts';
import { runCommand } from './run-command.ts';

export const MIN_PYTHON = [3, 11] as const;
const NAMES = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];

export interface Interpreter {
  readonly python: string;
  readonly version: string;
  /** The setting or the name on PATH that led to it. */
  readonly how: string;
}

/**
 * `HONE_PYTHON`, then the usual names on PATH; the first that is new enough.
 *
 * @returns what was found instead, for a message, where none is new enough
 * @throws SettingUnusable where `HONE_PYTHON` is set to something that is no Python 3.11 or newer
 */
export async function findInterpreter(
  env: NodeJS.ProcessEnv = process.env,
): Promise<Interpreter | { readonly python: undefined; readonly tried: string }> {
  const setting = env['HONE_PYTHON'];
  if (setting !== undefined) {
    const version = setting === '' ? undefined : await versionOf(setting, env);
    if (version !== undefined && isNewEnough(version)) return { python: setting, version, how: 'HONE_PYTHON' };
    const reason =
      setting === '' ? 'it is empty' : version === undefined ? 'it is no Python' : `it is Python ${version}`;
    throw new SettingUnusable('HONE_PYTHON', setting, `${reason}; ${MIN_PYTHON.join('.')} or newer is needed`);
  }
  const seen: string[] = [];
  for (const name of NAMES) {
    const version = await versionOf(name, env);
    if (version === undefined) continue;
    if (isNewEnough(version)) return { python: name, version, how: `${name} on PATH` };
    seen.push(`${name} is ${version}`);
  }
  return { python: undefined, tried: seen.length === 0 ? 'no Python on PATH' : seen.join(', ') };
}

async function versionOf(python: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const program = 'import sys; print(".".join(map(str, sys.version_info[:3])))';
  const { code, stdout } = await runCommand(python, ['-c', program], { timeoutMs: 15_000, env });
  const version = stdout.trim();
  return code === 0 && /^\d+\.\d+\.\d+$/.test(version) ? version : undefined;
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MIN_PYTHON[0] || (major === MIN_PYTHON[0] && minor >= MIN_PYTHON[1]);
}
