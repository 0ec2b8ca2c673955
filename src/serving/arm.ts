/** An isolated arm: a child process that is started again after it died, slower each time, while the champion answers. */

import type { LookupFiles } from '../data/features/online-lookup.ts';
import { ArmChild } from './arm-child.ts';
import type { ServedScores } from './arm-messages.ts';
import type { RawRow } from './contract.ts';
import { ArmFailed } from './errors.ts';
import type { ActedFault, Scored } from './loaded-version.ts';
import type { ScoreSource } from './version-files.ts';

const LOAD_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A process that lived this long starts again without a pause. */
const HEALTHY_MS = 60_000;

export class Arm {
  #source: ScoreSource;
  readonly #timeoutMs: number;
  #child: ArmChild | undefined;
  #restart: NodeJS.Timeout | undefined;
  #pause = FIRST_PAUSE_MS;
  #closed = false;

  private constructor(source: ScoreSource, timeoutMs: number) {
    this.#source = source;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param timeoutMs of one scoring call; each row adds 1 ms
   * @throws ArmFailed when the version cannot be loaded; then nothing is left running
   */
  static async start(source: ScoreSource, timeoutMs: number): Promise<Arm> {
    const arm = new Arm(source, timeoutMs);
    arm.#follow(await ArmChild.start(source, LOAD_TIMEOUT_MS));
    return arm;
  }

  /** Of the process that scores now; for tests and `/v1/node`. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** @throws ArmFailed, also while the process is being started again; FeatureRowsInvalid */
  async score(rows: readonly RawRow[], fault?: ActedFault): Promise<Scored> {
    return this.#running().score(rows, this.#timeoutMs + rows.length, fault);
  }

  /** Also for a process that is started again later. */
  async useLookups(lookups: LookupFiles): Promise<void> {
    await this.#child?.useLookups(lookups, LOAD_TIMEOUT_MS);
    this.#source = { ...this.#source, lookups };
  }

  async recheck(rows: readonly RawRow[], served: ServedScores): Promise<number | null> {
    return this.#running().recheck(rows, served, LOAD_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    await this.#child?.close();
  }

  #running(): ArmChild {
    if (!this.#child) throw new ArmFailed(this.#source.version, 'error', 'its process died and is being started again');
    return this.#child;
  }

  #follow(child: ArmChild): void {
    this.#child = child;
    const since = performance.now();
    void child.ended.then(() => {
      this.#child = undefined;
      if (this.#closed) return;
      if (performance.now() - since > HEALTHY_MS) this.#pause = FIRST_PAUSE_MS;
      this.#startLater();
    });
  }

  /** With the lookups that came meanwhile, too. */
  async #startAgain(): Promise<ArmChild> {
    const source = this.#source;
    const child = await ArmChild.start(source, LOAD_TIMEOUT_MS);
    const { lookups } = this.#source;
    // what it cannot take leaves it with the older ones
    if (lookups !== null && lookups !== source.lookups)
      await child.useLookups(lookups, LOAD_TIMEOUT_MS).catch(() => {});
    return child;
  }

  #startLater(): void {
    this.#restart = setTimeout(() => {
      this.#startAgain().then(
        (child) => (this.#closed ? child.close() : this.#follow(child)),
        () => {
          if (!this.#closed) this.#startLater();
        },
      );
    }, this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }
}
