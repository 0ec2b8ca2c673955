/** A program of the user as a target: one call on standard input, one answer on standard output, no shell in between. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { z } from 'zod';
import type { CommandTarget } from '../config/sections/deploy.ts';
import { durationMs } from '../config/values.ts';
import { signalGroup } from '../training/process-group.ts';
import { answerOf, requireDone } from './answers.ts';
import {
  CALL,
  type Change,
  capabilities,
  type DeploymentCall,
  type DeploymentTarget,
  type Taken,
  targetStatus,
} from './contract.ts';
import { TargetRefused, TargetUnreachable } from './errors.ts';
import type { Place } from './webhook.ts';

const ALWAYS_SEEN = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ'];
const GRACE_MS = 5000;
const LONGEST_ANSWER = 64 * 1024;
const LAST_WORDS = 300;
/** sysexits: input that is wrong for good, or not allowed. Every other failure may pass. */
const FINAL = new Set([64, 65, 77, 78]);

export interface CommandPlace extends Place {
  /** Where the program is started. */
  readonly workspace: string;
}

/** @throws (from the calls) TargetUnreachable, TargetRefused */
export function commandTarget(target: CommandTarget, place: CommandPlace): DeploymentTarget {
  const { model } = place;
  const read = async <S extends z.ZodType>(call: DeploymentCall, schema: S): Promise<z.output<S>> =>
    answerOf(model, call.call, await run(target, place, call), schema);

  const change = async (call: 'deploy' | 'rollback', { key, version, share }: Change): Promise<Taken> => {
    const text = await run(target, place, { contract: CALL, call, model, key, version, share });
    requireDone(model, call, { key, version }, text);
    return 'done';
  };

  return {
    deploy: (order) => change('deploy', order),
    rollback: (order) => change('rollback', order),
    status: () => read({ contract: CALL, call: 'status', model }, targetStatus),
    capabilities: () => read({ contract: CALL, call: 'capabilities', model }, capabilities),
  };
}

/** @returns its standard output; what it leaves running behind itself is killed */
async function run(target: CommandTarget, place: CommandPlace, call: DeploymentCall): Promise<string> {
  const { model, workspace, environment, signal } = place;
  const [program = '', ...args] = target.program;
  const seen = [...ALWAYS_SEEN, ...target.environment].flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  signal?.throwIfAborted();
  const child = spawn(program, args, { cwd: workspace, env: Object.fromEntries(seen), detached: true });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new TargetRefused(model, call.call, `${program} could not be started: ${(error as Error).message}`);
  }
  const group = child.pid ?? 0;
  let timedOut = false;
  let grace: NodeJS.Timeout | undefined;
  const stop = () => {
    signalGroup(group, 'SIGTERM');
    grace ??= setTimeout(() => signalGroup(group, 'SIGKILL'), GRACE_MS);
  };
  const clock = setTimeout(() => {
    timedOut = true;
    stop();
  }, durationMs(target.timeout));
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  child.stdin.on('error', () => undefined); // a program that does not read its input may still answer
  child.stdin.end(`${JSON.stringify(call)}\n`);
  const [out, words] = [collect(child.stdout, 'first'), collect(child.stderr, 'last')];
  try {
    const [code, ended] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    signalGroup(group, 'SIGKILL'); // helpers that it left behind hold its output open
    const [answer, said] = await Promise.all([out, words]);
    signal?.throwIfAborted();
    if (timedOut) throw new TargetUnreachable(model, call.call, `${program} was stopped after ${target.timeout}`);
    if (code === 0) return answer;
    const problem = `${program} ended with ${code ?? ended}${said ? `, ${said}` : ''}`;
    throw FINAL.has(code ?? 0)
      ? new TargetRefused(model, call.call, problem)
      : new TargetUnreachable(model, call.call, problem);
  } finally {
    clearTimeout(clock);
    clearTimeout(grace);
    signal?.removeEventListener('abort', stop);
  }
}

/** Reads to the end and keeps a bounded part of it. */
async function collect(stream: NodeJS.ReadableStream, part: 'first' | 'last'): Promise<string> {
  let kept = Buffer.alloc(0);
  for await (const chunk of stream) {
    const all = Buffer.concat([kept, Buffer.from(chunk)]);
    kept = part === 'first' ? all.subarray(0, LONGEST_ANSWER) : all.subarray(-LAST_WORDS);
  }
  return kept.toString('utf8').trim();
}
