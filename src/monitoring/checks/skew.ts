/** Skew: logged features against those recomputed offline, row by row and bit for bit. Pure; what it says to a person too. */
import { percent, whole } from '../../drift/sentences.ts';
import type { Finding, Window } from '../contract.ts';
import { windowName } from '../windows.ts';

/** A feature as float32 in a double, or as text; null where it is missing. */
export type FeatureValue = number | string | null;

/** One feature over the rows that stand in both, in the same order. */
export interface SkewColumn {
  readonly feature: string;
  /** Raw columns that its expression reads. */
  readonly reads: readonly string[];
  readonly logged: readonly FeatureValue[];
  readonly recomputed: readonly FeatureValue[];
  /** From a lookup, which is as old as it is: what differs is stale, not wrong. Null for all other features. */
  readonly lookupAge: string | null;
}

export interface FeatureSkew {
  readonly feature: string;
  readonly reads: readonly string[];
  readonly rows: number;
  readonly differing: number;
  readonly examples: readonly {
    readonly id: string;
    readonly logged: FeatureValue;
    readonly recomputed: FeatureValue;
  }[];
  readonly lookupAge: string | null;
}

export interface SkewSample {
  /** Who answered, ascending. */
  readonly versions: readonly number[];
  readonly window: Window;
  readonly ids: readonly string[];
  readonly columns: readonly SkewColumn[];
  /** Features that the log policy does not keep as they are. */
  readonly notKept: readonly string[];
  /** False where the log policy protects the id. */
  readonly showIds: boolean;
}

const EXAMPLES = 5;
const ONE_WINDOW = { beyond: 0, judged: 1, need: 1, of: 1 };

/** @param ids of the rows of `column` */
export function compareFeature(column: SkewColumn, ids: readonly string[]): FeatureSkew {
  const { feature, reads, logged, recomputed, lookupAge } = column;
  const differing = ids.flatMap((id, i) => {
    const [was, is] = [logged[i] ?? null, recomputed[i] ?? null];
    return was === is ? [] : [{ id, logged: was, recomputed: is }]; // -0 is 0; missing values are null, never NaN
  });
  const examples = differing.slice(0, EXAMPLES);
  return { feature, reads, rows: ids.length, differing: differing.length, examples, lookupAge };
}

/** One finding for each feature that differs, and one for all the others. */
export function skewFindings(sample: SkewSample): Finding[] {
  const { ids, columns, window } = sample;
  const compared = columns.map((column) => compareFeature(column, ids));
  const wrong = compared.filter(({ differing, lookupAge }) => differing > 0 && lookupAge === null);
  const stale = compared.filter(({ differing, lookupAge }) => differing > 0 && lookupAge !== null);
  const same = compared.length - wrong.length - stale.length;
  return [
    ...wrong.map((each) => finding(each, 'broken', window, brokenSentence(each, sample))),
    ...stale.map((each) => finding(each, 'stable', window, staleSentence(each, sample))),
    ...(same > 0 ? [sameFinding(same, sample)] : []),
  ];
}

/** Nothing to compare with is no agreement. */
export function notJudged(window: Window, reason: string): Finding {
  const sentence = `Skew between served and recomputed features is not judged: ${reason}.`;
  const windows = { ...ONE_WINDOW, judged: 0 };
  return {
    kind: 'skew',
    subject: 'features',
    state: 'not_judged',
    value: null,
    limit: 0,
    rows: 0,
    window,
    windows,
    sentence,
  };
}

function finding(skew: FeatureSkew, state: 'broken' | 'stable', window: Window, sentence: string): Finding {
  const { feature, rows, differing } = skew;
  const windows = { ...ONE_WINDOW, beyond: state === 'broken' ? 1 : 0 };
  return { kind: 'skew', subject: feature, state, value: differing / rows, limit: 0, rows, window, windows, sentence };
}

function brokenSentence(skew: FeatureSkew, sample: SkewSample): string {
  const { feature, reads, rows, differing } = skew;
  const source = reads.length === 1 && reads[0] === feature ? 'this column' : reads.join(', ');
  return (
    `Feature ${feature} was served with other values than the delivered data gives: ${whole(differing)} of ${whole(rows)} ` +
    `predictions of ${who(sample)} differ (${percent(differing / rows)}, none may), ${windowName(sample.window)}` +
    `${examplesOf(skew, sample.showIds)}. Compare what callers send for ${source} with what is delivered; ` +
    'no retraining starts meanwhile.'
  );
}

function staleSentence(skew: FeatureSkew, sample: SkewSample): string {
  const { feature, rows, differing, lookupAge } = skew;
  return (
    `Feature ${feature} comes from a lookup that was up to ${lookupAge} old: ${whole(differing)} of ${whole(rows)} ` +
    `predictions (${percent(differing / rows)}) differ from what the event's own time gives, ${windowName(sample.window)}. ` +
    'This is by design; renew lookups more often where it matters.'
  );
}

function sameFinding(same: number, sample: SkewSample): Finding {
  const { ids, window, notKept } = sample;
  const left = notKept.length > 0 ? ` Not judged, because the log does not keep them: ${notKept.join(', ')}.` : '';
  const sentence =
    `${whole(same)} features of ${whole(ids.length)} predictions of ${who(sample)} are bit for bit what the delivered ` +
    `data gives, ${windowName(window)}.${left}`;
  return {
    kind: 'skew',
    subject: 'features',
    state: 'stable',
    value: 0,
    limit: 0,
    rows: ids.length,
    window,
    windows: ONE_WINDOW,
    sentence,
  };
}

function who({ versions }: SkewSample): string {
  return versions.length === 1 ? `version ${versions[0]}` : `versions ${versions.join(', ')}`;
}

function examplesOf({ examples }: FeatureSkew, showIds: boolean): string {
  const [first] = examples;
  if (first === undefined) return '';
  const values = `served ${shown(first.logged)}, recomputed ${shown(first.recomputed)}`;
  if (!showIds) return `, such as one ${values}`;
  const others = examples.slice(1).map(({ id }) => cut(id));
  return `, such as ${cut(first.id)} (${values})${others.length > 0 ? ` and ${others.join(', ')}` : ''}`;
}

function shown(value: FeatureValue): string {
  return value === null ? 'nothing' : typeof value === 'string' ? JSON.stringify(cut(value)) : String(value);
}

/** Names and values of others stay short, and on one line. */
function cut(text: string): string {
  const line = text.replaceAll(/\p{Cc}/gu, ' ');
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}
