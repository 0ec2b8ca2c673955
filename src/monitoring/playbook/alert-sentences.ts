/** What an alert says beside what was found: what hone does next, and what a person can do. Pure. */
import type { ModelConfig } from '../../config/model.ts';
import type { Finding } from '../contract.ts';

type Alerting = 'performance' | 'calibration' | 'drift' | 'prediction' | 'error_stream';

export interface NextStep {
  readonly config: ModelConfig;
  /** A run is asked for because of this very finding. */
  readonly asked: boolean;
  /** Broken input or skew keeps every trigger back. */
  readonly broken: boolean;
}

/** Findings whose sentence ends with what to do already have none: broken inputs, silence, servers, business figures. */
export function nextStep(kind: Finding['kind'], step: NextStep): string {
  if (!isAlerting(kind)) return '';
  const { config, asked, broken } = step;
  const { model } = config;
  if (asked && broken) return ' No run is asked for while the input is broken: mend the source first.';
  if (asked) return ` A run is asked for; the answer: hone model why ${model}.`;
  const again = `looked at again ${everyText(config.monitoring.every)}`;
  const start = `start one with hone run start ${model}`;
  if (kind === 'error_stream') return ` It is ${again} until skill can say more.`;
  if (kind === 'performance')
    return ` The performance trigger is off, so no run is asked for: ${start}, or set triggers.performance.enabled.`;
  if (kind === 'calibration')
    return ` The calibration trigger is off, so no run is asked for: ${start}, perhaps with training.calibration: isotonic.`;
  const retrain = config.triggers.drift.then === 'retrain' ? '' : ', or set triggers.drift.then: retrain';
  return ` No run starts from this alone: skill and calibration are ${again}. If you know the cause is here to stay, ${start}${retrain}.`;
}

/** `every day`, `every hour`, `every 7 days`. */
export function everyText(duration: string): string {
  const [, days, hours] = /^P(?:(\d+)D)?(?:T(\d+)H)?$/.exec(duration) ?? [];
  if ((days === undefined) === (hours === undefined)) return `every ${duration}`;
  const [count, unit] = days === undefined ? [hours, 'hour'] : [days, 'day'];
  return count === '1' ? `every ${unit}` : `every ${count} ${unit}s`;
}

function isAlerting(kind: Finding['kind']): kind is Alerting {
  return ['performance', 'calibration', 'drift', 'prediction', 'error_stream'].includes(kind);
}

/** The first sentence of an incident that is over, and how long it lasted. */
export function overSentence(sentence: string, openedAt: string, asOf: string): string {
  const [first = sentence] = /^.*?\.(?= |$)/.exec(sentence) ?? [];
  return `Over as of ${asOf.slice(0, 10)}, open since ${openedAt.slice(0, 10)}: nothing of it is beyond a limit now. It was: ${first}`;
}
