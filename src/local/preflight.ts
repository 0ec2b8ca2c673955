/** The first check of everything that starts services: is what hone cannot obtain for itself on this machine? */
import { PreflightFailed, SettingUnusable } from './errors.ts';
import { findInterpreter, MIN_PYTHON } from './interpreter.ts';

export const MIN_NODE = 20;

export interface Part {
  readonly name: string;
  readonly ok: boolean;
  /** Null where there is none. */
  readonly version: string | null;
  /** Where it comes from. */
  readonly from: string;
  /** What to do; empty where nothing is to be done. */
  readonly advice: string;
}

export function nodePart(version: string = process.versions.node): Part {
  const ok = Number.parseInt(version, 10) >= MIN_NODE;
  const advice = ok
    ? ''
    : `install Node ${MIN_NODE} or newer, from nodejs.org or with your version manager (nvm install ${MIN_NODE})`;
  return { name: 'Node.js', ok, version, from: process.execPath, advice };
}

export async function pythonPart(env: NodeJS.ProcessEnv = process.env): Promise<Part> {
  const name = 'Python';
  const needed = `install Python ${MIN_PYTHON.join('.')} or newer (apt install python3 python3-venv, brew install python), or name one in HONE_PYTHON`;
  try {
    const found = await findInterpreter(env);
    if (found.python === undefined) return { name, ok: false, version: null, from: found.tried, advice: needed };
    return { name, ok: true, version: found.version, from: found.how, advice: '' };
  } catch (error) {
    if (!(error instanceof SettingUnusable)) throw error;
    return { name, ok: false, version: null, from: 'HONE_PYTHON', advice: error.message };
  }
}

/** @throws PreflightFailed naming everything that is missing and how to get it */
export async function preflight(): Promise<void> {
  const missing = [nodePart(), await pythonPart()].filter((part) => !part.ok);
  if (missing.length === 0) return;
  throw new PreflightFailed(missing.map((part) => `${part.name} (${part.version ?? part.from}): ${part.advice}`));
}
