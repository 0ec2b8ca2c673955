/** Features that moved against their reference, but are where they were in the same weeks last year: a season, not a fault. */
import type { Connection } from '../../data/engine.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Finding } from '../contract.ts';
import { readLog } from '../log/prediction-log.ts';
import { checkDrift, type DriftCheckInput } from './drift-check.ts';
import { lastYearReference, type ReferenceChoice, referenceSpans } from './reference-choice.ts';

export interface LastYearInput extends Omit<ReferenceChoice, 'paths' | 'windows'>, Omit<DriftCheckInput, 'reference'> {
  readonly store: ObjectStore;
  readonly cacheDir: string;
}

/**
 * Reads last year's log only where something moved, and only where last year is not the reference already.
 *
 * @returns the findings, those of features inside last year's band marked so; as they were where the log is too short
 */
export async function compareWithLastYear(
  db: Connection,
  input: LastYearInput,
  findings: readonly Finding[],
): Promise<readonly Finding[]> {
  const { config, store, windows, cacheDir } = input;
  const moved = findings.filter(({ kind, state }) => kind === 'drift' && state === 'moved');
  const isReference = config.monitoring.references.drift === 'same_period_last_year_else_trailing_healthy';
  if (moved.length === 0 || isReference) return findings;
  const paths = await readLog(store, config.model, { ...referenceSpans(config, windows).lastYear, cacheDir });
  const reference = paths.length === 0 ? null : await lastYearReference(db, { ...input, paths });
  if (reference === null) return findings;
  const again = (await checkDrift(db, { ...input, reference })).findings;
  const inside = new Set(again.filter(({ state }) => state === 'stable').map(({ subject }) => subject));
  return findings.map((finding) => {
    if (!moved.includes(finding) || !inside.has(finding.subject)) return finding;
    const sentence = `${finding.sentence} Inside the band of ${reference.name}.`;
    return { ...finding, sentence, last_year: 'inside' as const };
  });
}
