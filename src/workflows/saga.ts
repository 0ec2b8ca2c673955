/**
 * Undo in reverse. An undo is recorded before its step is attempted, runs in a non-cancellable scope, is retried
 * without limit, reads back what it did, and is conditional: what something newer has moved on is left alone.
 */
import { CancellationScope, log } from '@temporalio/workflow';

export interface Undone {
  readonly name: string;
  /** `superseded`: something newer had moved on, nothing to restore. */
  readonly result: 'restored' | 'superseded' | 'nothing_to_do';
  readonly sentence: string;
}

export interface Saga {
  /** Records the undo of a step that is about to be attempted. */
  before(name: string, undo: () => Promise<Omit<Undone, 'name'>>): void;
  /** Runs all undos, newest first. Returns what each found. */
  undoAll(): Promise<Undone[]>;
}

export function openSaga(): Saga {
  const undos: { name: string; undo: () => Promise<Omit<Undone, 'name'>> }[] = [];
  return {
    before(name, undo) {
      undos.push({ name, undo });
    },
    undoAll: () =>
      CancellationScope.nonCancellable(async () => {
        const done: Undone[] = [];
        for (let next = undos.pop(); next; next = undos.pop()) {
          const undone = { name: next.name, ...(await next.undo()) };
          log.info('undone', { step: undone.name, result: undone.result });
          done.push(undone);
        }
        return done;
      }),
  };
}
