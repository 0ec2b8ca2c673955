/** What another policy would have decided on past runs: their stored figures, judged again by its rules. */
import { type MetricName, type ModelConfig, triggerKind } from '../config/model.ts';
import { tooLittle } from '../evaluation/evaluate.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { listVersions, readVersion } from '../registry/versions.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Verdict } from './contract.ts';
import { judge } from './judge.ts';
import { type Judgement, judgementsOf } from './read-judgements.ts';

export interface Replayed {
  readonly run: string | null;
  readonly as_of: string;
  readonly version: number;
  readonly look: number;
  readonly was: Verdict;
  readonly would_be: Verdict;
  /** Whether a person would have had to decide whatever `approval.auto` says, or because of a warning. */
  readonly was_clear: boolean;
  readonly would_be_clear: boolean;
  /** Metrics that the policy names and the run did not measure: rules on them are undecided. */
  readonly not_measured: readonly MetricName[];
  readonly sentence: string;
}

/**
 * Every look of every judged version, oldest first. The figures are those of the time: a policy may be stricter or
 * looser about them, but models that it would have chosen are not trained, and later runs are compared with the
 * champion that there really was.
 *
 * @param policy a model file; only its gate, tier and labels section decide here
 */
export async function backtestGate(store: ObjectStore, policy: ModelConfig, model: string): Promise<Replayed[]> {
  const listed = (await listVersions(store, model)).toSorted((a, b) => a.version - b.version);
  const replayed: Replayed[] = [];
  for (const judgement of await judgementsOf(store, model, listed)) {
    replayed.push(replay(judgement, await readVersion(store, model, judgement.version), policy));
  }
  return replayed;
}

function replay(
  { version, look, report, evaluation }: Judgement,
  manifest: VersionManifest,
  policy: ModelConfig,
): Replayed {
  const figures = { ...evaluation, primary: policy.gate.primary, too_little: tooLittle(policy, evaluation) };
  const again = judge(figures, policy, {
    first: report.as === 'first',
    trigger: triggerKind.parse(manifest.trigger),
    attempt: report.attempt,
    anchor: evaluation.models.anchor?.version ?? null,
    ...(manifest.run === null ? {} : { run: manifest.run }),
  });
  const clear = ({ warnings, person }: Pick<typeof again, 'warnings' | 'person'>) =>
    warnings.length === 0 && person.length === 0;
  const measured = new Set(Object.keys(evaluation.models.candidate.metrics));
  return {
    run: manifest.run,
    as_of: manifest.as_of,
    version,
    look,
    was: report.verdict,
    would_be: again.verdict,
    was_clear: clear(report),
    would_be_clear: clear(again),
    not_measured: namedMetrics(policy).filter((name) => !measured.has(name)),
    sentence: again.sentence,
  };
}

function namedMetrics({ gate: { primary, champion, floors } }: ModelConfig): MetricName[] {
  return [...new Set([primary, ...Object.keys(champion.margin), ...Object.keys(floors)])] as MetricName[];
}

/** `3 of 12 decisions would differ: 2 pass instead of fail, 1 inconclusive instead of pass.` */
export function backtestSentence(replayed: readonly Replayed[]): string {
  const changed = new Map<string, number>();
  for (const { was, would_be: now } of replayed) {
    if (was !== now) changed.set(`${now} instead of ${was}`, (changed.get(`${now} instead of ${was}`) ?? 0) + 1);
  }
  const differ = [...changed.values()].reduce((sum, count) => sum + count, 0);
  const looser = replayed.filter(({ was_clear: was, would_be_clear: now }) => was !== now).length;
  const cautions = looser === 0 ? '' : ` In ${looser} the policy differs in whether a person must look.`;
  if (differ === 0) return `None of ${replayed.length} decisions would differ.${cautions}`;
  const how = [...changed].map(([what, count]) => `${count} ${what}`).join(', ');
  return `${differ} of ${replayed.length} decisions would differ: ${how}.${cautions}`;
}
