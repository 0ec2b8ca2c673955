/**
 * Clients of one ledger that write down what they asked and what they were told, and the check that some one order
 * explains all of it: every acknowledged write is in the ledger once, at a place between its question and its answer.
 *
 * Each write raises the next version number by one, so the state after entry n is n + 1 and every answer names its place.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { HoneError } from '../../src/errors.ts';
import { LedgerConflict } from '../../src/registry/errors.ts';
import type { Ledger } from '../../src/registry/ledger.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { registration } from '../registry/requests.ts';

export interface Answered {
  readonly effectId: string;
  readonly kind: 'written' | 'refused' | 'read';
  /** The entry that was written, or the newest one that the answer knew of. */
  readonly seq: number;
  /** What a refused writer had expected. */
  readonly expected: number | null;
  /** Monotonic clock of the machine, nanoseconds: comparable between processes. */
  readonly from: string;
  readonly to: string;
}

/** A third each of writes, writes that expect the state last seen, and reads. Tries again until it is told. */
export async function playClient(
  open: () => Ledger,
  { name, count, seed }: { name: string; count: number; seed: number },
  tell: (answer: Answered) => void,
): Promise<void> {
  const random = randomStream(seed);
  let known = 1;
  let ledger = open();
  for (let i = 0; i < count; i++) {
    const effectId = `${name}/${i}`;
    const kind = (['write', 'write-if', 'read'] as const)[Math.floor(random.uniform() * 3)] ?? 'read';
    if (i % 5 === 4) ledger = open(); // as after a crash: nothing is remembered
    const from = now();
    const { seq, as } = await untilTold(() => ask(ledger, effectId, kind, known));
    tell({ effectId, kind: as, seq, expected: kind === 'write-if' ? known : null, from, to: now() });
    known = seq + 1;
  }
}

async function ask(ledger: Ledger, effectId: string, kind: 'write' | 'write-if' | 'read', expected: number) {
  if (kind === 'read') return { as: 'read' as const, seq: (await ledger.head())?.seq ?? 0 };
  let saw = 0;
  const write = registration(effectId);
  try {
    const { entry } = await ledger.append({
      ...write,
      step: (state, context) => {
        saw = state.nextVersion;
        return kind === 'write-if' && saw !== expected
          ? { refused: 'not what was expected' }
          : write.step(state, context);
      },
    });
    return { as: 'written' as const, seq: entry.seq };
  } catch (error) {
    if (error instanceof LedgerConflict) return { as: 'refused' as const, seq: saw - 1 };
    throw error;
  }
}

async function untilTold<T>(work: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      // Twice damaged on the way looks like damage at rest: refused, and asked again by hand.
      const again = error instanceof HoneError && (error.retryable || error.code === 'HONE_OBJECT_CORRUPT');
      if (!again || ++failures > 200) throw error;
      await sleep(5);
    }
  }
}

const now = () => process.hrtime.bigint().toString();

/** @param answers of all clients; those of a client that was killed and asked again may be there twice */
export async function expectExplained(ledger: Ledger, answers: readonly Answered[]): Promise<void> {
  expect(await ledger.verify()).toMatchObject({ ok: true });
  const entries: { effectId: string; seq: number }[] = [];
  for await (const { effectId, seq } of ledger.entries()) entries.push({ effectId, seq });
  expect(new Set(entries.map(({ effectId }) => effectId)).size, 'no write is in it twice').toBe(entries.length);

  const bySeq = new Map(entries.map(({ effectId, seq }) => [seq, effectId]));
  for (const { kind, effectId, seq, expected } of answers) {
    if (kind === 'written') expect(bySeq.get(seq), `entry ${seq} is what was acknowledged`).toBe(effectId);
    else expect(seq, `${effectId}: an answer knows of nothing that is not there`).toBeLessThanOrEqual(entries.length);
    if (kind === 'written' && expected !== null) expect(seq, `${effectId}: what it expected held`).toBe(expected);
    if (kind === 'refused') expect(seq + 1, `${effectId}: what it expected did not hold`).not.toBe(expected);
  }
  expectRealTimeOrder(answers);
}

/** Whoever asked after another one was answered stands at or after its place. */
function expectRealTimeOrder(answers: readonly Answered[]): void {
  const events = answers
    .flatMap((answer) => [
      { at: BigInt(answer.from), ends: false, answer },
      { at: BigInt(answer.to), ends: true, answer },
    ])
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  const atLeast = new Map<Answered, number>();
  let known = 0;
  for (const { ends, answer } of events) {
    if (!ends) atLeast.set(answer, known);
    else {
      const least = atLeast.get(answer) ?? 0;
      // A read sees that entry or a later one; a write comes after it.
      const place = answer.kind === 'written' ? answer.seq - 1 : answer.seq;
      expect(place, `${answer.effectId} was asked when entry ${least} was known`).toBeGreaterThanOrEqual(least);
      known = Math.max(known, answer.seq);
    }
  }
}
