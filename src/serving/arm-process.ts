/**
 * The program of a canary or shadow arm: loads one version, scores what it is sent, in order.
 *
 * It keeps the version twice: the second copy is loaded from the file again, with a DuckDB and a session of its own, and
 * recomputes samples in one batch, as evaluation does. Answers that depend on state, order or batch show as disagreement.
 */
import { FeatureRowsInvalid } from '../data/errors.ts';
import type { FromArm, ToArm } from './arm-messages.ts';
import { disagreement } from './evidence.ts';
import { LoadedVersion } from './loaded-version.ts';

let serving: LoadedVersion | undefined;
let judging: LoadedVersion | undefined;
let working: Promise<void> = Promise.resolve();

process.on('message', (message: ToArm) => {
  working = working.then(() => work(message));
});
process.on('disconnect', () => process.exit(0)); // the server is gone, however it went
process.on('SIGINT', () => {}); // Ctrl+C goes to the whole group: the server decides
process.on('SIGTERM', () => {});

async function work(message: ToArm): Promise<void> {
  const { id } = message;
  try {
    answer(await reply(message));
  } catch (error) {
    if (error instanceof FeatureRowsInvalid) answer({ kind: 'rows_invalid', id, problems: error.problems });
    else answer({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
  }
}

async function reply(message: ToArm): Promise<FromArm> {
  const { id } = message;
  switch (message.kind) {
    case 'load':
      serving = await LoadedVersion.load(message.source);
      judging = await LoadedVersion.load(message.source);
      return { kind: 'loaded', id };
    case 'score':
      if (message.fault === 'crash') process.abort();
      return { kind: 'scored', id, scored: await loaded(serving).score(message.rows, message.fault) };
    case 'recheck': {
      const { predictions } = await loaded(judging).score(message.rows);
      return { kind: 'rechecked', id, disagreement: disagreement(message.served, predictions) };
    }
  }
}

function loaded(version: LoadedVersion | undefined): LoadedVersion {
  if (!version) throw new Error('asked to score before a version was loaded');
  return version;
}

function answer(message: FromArm): void {
  process.send?.(message);
}
