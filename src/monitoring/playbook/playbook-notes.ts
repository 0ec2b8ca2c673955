/** Why a look asked for nothing, in words. Pure. */
import type { ModelConfig } from '../../config/model.ts';
import type { Finding, TickAction, TriggerAction } from '../contract.ts';

export type Note = Extract<TickAction, { kind: 'note' }>;

/** What decided a plan. */
export interface Seen {
  readonly broken: readonly Finding[];
  readonly features: readonly Finding[];
  readonly prediction: readonly Finding[];
  readonly quality: readonly Finding[];
  readonly triggers: readonly TriggerAction[];
}

export function notesOn(seen: Seen, findings: readonly Finding[], config: ModelConfig): Note[] {
  const sentences: string[] = [];
  const names = list(seen.features.map(({ subject }) => subject));
  if (seen.broken.length > 0 && seen.triggers.length > 0) {
    sentences.push(
      `Not retraining: the input is broken (${list(seen.broken.map(({ subject }) => subject))}), and a model fitted on it would be worse. Mend the source first.`,
    );
  } else if (seen.features.length > 0 && seen.triggers.every(({ trigger }) => trigger !== 'drift')) {
    const judged = findings.some(({ kind, state }) => kind === 'performance' && state !== 'not_judged');
    if (seen.quality.length === 0 && seen.prediction.length > 0) {
      sentences.push(
        `${names} moved and so did the predictions; ${held(judged)}. Not retraining; look at quality as labels come in.`,
      );
    } else if (seen.quality.length === 0) {
      sentences.push(`${names} moved, ${held(judged)}, not retraining. Look at quality as labels come in.`);
    }
  }
  const disabled = seen.quality.filter(({ kind }) =>
    kind === 'performance' ? !config.triggers.performance.enabled : !config.triggers.calibration.enabled,
  );
  for (const { kind } of disabled) {
    sentences.push(
      `The ${kind} trigger is off, so no run is asked for. Start one by hand, or set triggers.${kind}.enabled.`,
    );
  }
  return sentences.map((sentence) => ({ kind: 'note', sentence }));
}

/** Against its reference it moved; against the same weeks last year it did not. */
export function notesOnSeason(seasonal: readonly Finding[]): Note[] {
  if (seasonal.length === 0) return [];
  const names = list(seasonal.map(({ subject }) => subject));
  const sentence = `${names} moved, inside the band of the same weeks last year: a season, so nothing is done.`;
  return [{ kind: 'note', sentence }];
}

function held(judged: boolean): string {
  return judged ? 'quality holds' : 'quality is not judged yet';
}

/** At most five names. */
export function list(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
