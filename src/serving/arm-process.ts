/**
 * The program of a canary or shadow arm: loads one version, scores what it is sent, in order.
 *
 * For the check of scores it loads the version from the file a second time, with a DuckDB and a session of its own, which
 * recompute samples in one batch, as evaluation does. Answers that depend on state, order or batch show as disagreement.
 */
import { FeatureRowsInvalid } from '../data/features/errors.ts';
import type { FromArm, ToArm } from './arm-messages.ts';
import { disagreement } from './evidence.ts';
import { LoadedVersion } from './loaded-version.ts';
import type { ScoreSource } from './version-files.ts';

let serving: LoadedVersion | undefined;
let judging: Promise<LoadedVersion> | undefined;
let source: ScoreSource | undefined;
let working: Promise<void> = Promise.resolve();

process.on('message', (message: ToArm) => {
  if (message.kind === 'recheck')
    void work(message); // between two scores, not before them
  else working = working.then(() => work(message));
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
      source = message.source;
      serving = await LoadedVersion.load(source);
      return { kind: 'loaded', id };
    case 'score':
      if (message.fault === 'crash') process.kill(process.pid, 'SIGKILL'); // as the system does when memory runs out
      if (!serving) throw new Error('asked to score before a version was loaded');
      return { kind: 'scored', id, scored: await serving.score(message.rows, message.fault) };
    case 'lookups':
      if (!source || !serving) throw new Error('given lookups before a version was loaded');
      source = { ...source, lookups: message.lookups };
      await serving.useLookups(message.lookups);
      await (await judging)?.useLookups(message.lookups);
      return { kind: 'lookups_taken', id };
    case 'recheck': {
      if (!source) throw new Error('asked to recompute before a version was loaded');
      judging ??= LoadedVersion.load(source);
      const { predictions, lookupAsOf } = await (await judging).score(message.rows);
      const comparable = lookupAsOf === message.served.lookupAsOf;
      return {
        kind: 'rechecked',
        id,
        disagreement: comparable ? disagreement(message.served.predictions, predictions) : null,
      };
    }
  }
}

function answer(message: FromArm): void {
  process.send?.(message);
}
