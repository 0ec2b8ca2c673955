/** One child process with one version: asks it, with a time limit, and knows when it died. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FeatureRowsInvalid } from '../data/features/errors.ts';
import type { LookupFiles } from '../data/features/online-lookup.ts';
import type { FromArm, ServedScores, ToArm } from './arm-messages.ts';
import type { RawRow } from './contract.ts';
import { ArmFailed } from './errors.ts';
import type { ActedFault, Scored } from './loaded-version.ts';
import type { ScoreSource } from './version-files.ts';

const program = fileURLToPath(new URL('./arm-process.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const LAST_WORDS = 2000;

type Answer<Kind extends FromArm['kind']> = Extract<FromArm, { kind: Kind }>;
type Question = ToArm extends infer Message ? (Message extends ToArm ? Omit<Message, 'id'> : never) : never;

interface Pending {
  readonly resolve: (message: FromArm) => void;
  readonly reject: (error: Error) => void;
}

export class ArmChild {
  /** Settles when the process is gone. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #version: number;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #stderr = '';
  #death: ArmFailed | undefined;

  private constructor(version: number) {
    this.#version = version;
    this.#child = fork(program, [], {
      execArgv: ['--import', tsx, '--max-old-space-size=512'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-LAST_WORDS);
    });
    this.#child.on('message', (message: FromArm) => {
      this.#pending.get(message.id)?.resolve(message);
      this.#pending.delete(message.id);
    });
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#fail('crash', `its process ${how}${this.#stderr ? `; last words: ${this.#stderr.trim()}` : ''}`);
        resolve();
      };
      this.#child.once('error', (error) => end(`could not be started (${error.message})`));
      this.#child.once('exit', (code, signal) => end(signal ? `was ended by ${signal}` : `ended with code ${code}`));
    });
  }

  /** @throws ArmFailed, with what the version said, when it cannot be loaded in time */
  static async start(source: ScoreSource, timeoutMs: number): Promise<ArmChild> {
    const child = new ArmChild(source.version);
    try {
      await child.#ask('loaded', { kind: 'load', source }, timeoutMs);
      return child;
    } catch (error) {
      await child.close();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** A call that takes longer than `timeoutMs` counts as hung: the process is killed. @throws ArmFailed, FeatureRowsInvalid */
  async score(rows: readonly RawRow[], timeoutMs: number, fault?: ActedFault): Promise<Scored> {
    return (await this.#ask('scored', { kind: 'score', rows, ...(fault && { fault }) }, timeoutMs)).scored;
  }

  async useLookups(lookups: LookupFiles, timeoutMs: number): Promise<void> {
    await this.#ask('lookups_taken', { kind: 'lookups', lookups }, timeoutMs);
  }

  /** @returns the largest disagreement of what was served with what a fresh copy computes; null where lookups changed */
  async recheck(rows: readonly RawRow[], served: ServedScores, timeoutMs: number): Promise<number | null> {
    return (await this.#ask('rechecked', { kind: 'recheck', rows, served }, timeoutMs)).disagreement;
  }

  /** Ends the process; what it still owes fails. */
  async close(): Promise<void> {
    this.#fail('crash', 'it was closed');
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async #ask<Kind extends FromArm['kind']>(kind: Kind, question: Question, timeoutMs: number): Promise<Answer<Kind>> {
    if (this.#death) throw this.#death;
    const id = this.#nextId++;
    const hung = setTimeout(() => {
      this.#fail('timeout', `no answer within ${Math.round(timeoutMs)} ms`);
      this.#child.kill('SIGKILL');
    }, timeoutMs);
    try {
      const message = await new Promise<FromArm>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        this.#child.send({ ...question, id } as ToArm, (error) => {
          if (error) this.#fail('crash', error.message);
        });
      });
      if (message.kind === kind) return message as Answer<Kind>;
      if (message.kind === 'rows_invalid') throw new FeatureRowsInvalid(message.problems, message.problems.length);
      throw new ArmFailed(
        this.#version,
        'error',
        message.kind === 'failed' ? message.message : `answered ${message.kind}`,
      );
    } finally {
      clearTimeout(hung);
    }
  }

  #fail(kind: 'crash' | 'timeout', problem: string): void {
    this.#death ??= new ArmFailed(this.#version, kind, problem);
    for (const { reject } of this.#pending.values()) reject(this.#death);
    this.#pending.clear();
  }
}
