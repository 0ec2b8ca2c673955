/** Rows that candidate and champion decide differently, as far as the privacy policy lets them be shown. */
import type { ModelConfig } from '../config/model.ts';
import type { FeatureRows } from '../data/columns.ts';
import { logPolicy } from '../monitoring/log/log-policy.ts';
import type { Signature } from '../registry/contract.ts';
import type { FlipExample } from './contract.ts';
import type { JudgedRows } from './judged-rows.ts';
import type { Decision } from './metrics.ts';
import { likeliest, topScores } from './multiclass.ts';

/** Of those that the candidate puts right, and of those that it gets wrong. */
const EACH = 10;

interface FlipInput {
  readonly config: ModelConfig;
  readonly rows: FeatureRows;
  readonly judged: JudgedRows;
  readonly signature: Signature;
  readonly candidate: Float64Array;
  readonly champion: Float64Array;
  /** Multiclass: label values in the order of the scores' columns. */
  readonly classes?: readonly number[];
}

/**
 * At most ten rows that the candidate puts right and ten that it gets wrong, those first whose score changed most.
 * Of several classes a row that both get wrong is no example. Values are shown as `monitoring.log` would keep them;
 * hashes are left out, because erasure does not reach a packet.
 */
export function flipExamples(input: FlipInput): FlipExample[] {
  const { config, judged } = input;
  if (config.task === 'regression') return [];
  const [now, before] = [
    decisions(input, input.candidate, judged.decision),
    decisions(input, input.champion, judged.championDecision),
  ];
  const changed = [...judged.labels.keys()].filter((i) => now.decided[i] !== before.decided[i]);
  const change = (i: number) => Math.abs(now.score[i]! - before.score[i]!);
  const sorted = changed.sort((a, b) => change(b) - change(a) || a - b);
  const right = sorted.filter((i) => now.decided[i] === judged.labels[i]).slice(0, EACH);
  const wrong = sorted.filter((i) => before.decided[i] === judged.labels[i]).slice(0, EACH);
  const shown = shownFeatures(input);
  const named = (position: number) => input.classes?.[position] ?? position;
  return [...right, ...wrong].map((i) => {
    const row = judged.index[i]!;
    return {
      event_time: new Date(input.rows.eventTime[row]!).toISOString(),
      label: named(judged.labels[i]!),
      candidate: { score: now.score[i]!, decision: named(now.decided[i]!) },
      champion: { score: before.score[i]!, decision: named(before.decided[i]!) },
      features: shown(row),
    };
  });
}

function decisions({ classes }: FlipInput, scores: Float64Array, { threshold }: Decision) {
  if (!classes) {
    return { score: scores, decided: Int32Array.from(scores, (score) => (score >= threshold ? 1 : 0)) };
  }
  return { score: topScores(scores, classes.length), decided: likeliest(scores, classes.length) };
}

function shownFeatures({ config, rows, signature }: FlipInput): (row: number) => FlipExample['features'] {
  const { numeric, categorical } = signature;
  const policy = logPolicy(config.monitoring.log, { numeric, categorical, entity: null }, '');
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value).slice(0, 40));
  return (row) => {
    const numbers = policy.numeric.flatMap((field, k) => {
      if (field === null || field.fate === 'hash') return [];
      const value = rows.numeric[row * numeric.length + k]!;
      return [[field.field, Number.isNaN(value) ? null : text(field.write(Number(value.toPrecision(6))))]];
    });
    const categories = policy.categorical.flatMap((field, k) =>
      field === null || field.fate === 'hash'
        ? []
        : [[field.field, text(field.write(rows.categorical[k]![row] || null))]],
    );
    return Object.fromEntries([...numbers, ...categories]);
  };
}
