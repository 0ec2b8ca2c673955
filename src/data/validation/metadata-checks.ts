/** What the manifest alone tells, before any row is read: leakage, volume of history. */
import type { ModelConfig } from '../../config/model.ts';
import type { Finding } from '../contract.ts';
import type { RawManifest } from './context.ts';
import { gradeOf } from './grades.ts';
import { counted, percent, showValue } from './shown.ts';

/** Share of a past month's rows that may be gone before history counts as changed. */
const HISTORY_MAY_SHRINK = 0.01;

/** Findings in the order that a person would mend them. */
export function metadataFindings(config: ModelConfig, raw: RawManifest, previous: RawManifest | null): Finding[] {
  const own = [...leaks(config, raw), ...tooFewRows(config, raw), ...untimedRows(config, raw)];
  return [...own, ...(previous ? changesSince(previous, config, raw) : [])];
}

function leaks(config: ModelConfig, raw: RawManifest): Finding[] {
  const { label, outcomes } = config.data;
  const hidden = new Set([label.column, label.available_at, ...outcomes]);
  return config.features.use
    .filter((name) => hidden.has(name))
    .map((column) => {
      const what = `Column "${column}" is known only after the event, but is used as a feature`;
      return finding('leak', column, raw.rows, raw, 'never a feature', `${what}. Remove it from features.use.`);
    });
}

function tooFewRows(config: ModelConfig, raw: RawManifest): Finding[] {
  const least = config.data.volume.min_rows;
  if (raw.rows >= least) return [];
  const sentence = `Only ${raw.rows} rows from ${raw.window.from} to ${raw.window.to}; data.volume.min_rows asks for ${least}. Wait for more data, or look for a delivery that failed.`;
  return [finding('min_rows', null, raw.rows, raw, `at least ${least} rows`, sentence)];
}

/** Rows without a time are in no snapshot; a run would lose them without a word. */
function untimedRows(config: ModelConfig, raw: RawManifest): Finding[] {
  const grade = gradeOf(config, 'event_time_missing');
  const count = (raw.deliveries ?? []).reduce((sum, { untimed = 0 }) => sum + untimed, 0);
  if (count === 0 || grade === 'off') return [];
  const column = config.data.event_time;
  const where = (raw.deliveries ?? []).flatMap(({ name, untimed }) => (untimed ? [name] : []));
  const sentence = `${counted(count, 'row')} of ${counted(where.length, 'file')}, such as ${showValue(where[0] ?? '')}, have no usable event time and were left out: they belong to no window and are never trained on. Give every row its time.`;
  const found = finding('event_time_missing', column, count, raw, 'every row has a time', sentence);
  return [{ ...found, severity: grade === 'reject' ? 'reject' : 'warn' }];
}

/** Types that changed, and whole past months that lost rows, since the snapshot of an earlier run. */
function changesSince(previous: RawManifest, config: ModelConfig, raw: RawManifest): Finding[] {
  const before = new Map(previous.columns.map(({ name, type }) => [name, type]));
  const used = new Set([...config.features.use, config.data.label.column]);
  const changed = raw.columns.filter(
    ({ name, type }) => used.has(name) && before.has(name) && before.get(name) !== type,
  );
  const types = changed.map(({ name, type }) => {
    const sentence = `Column "${name}" was ${before.get(name)} at ${previous.as_of} and is ${type} now. Check that its meaning stayed.`;
    return {
      ...finding('type_changed', name, raw.rows, raw, `as before: ${before.get(name)}`, sentence),
      severity: 'warn' as const,
    };
  });
  const inside = previous.files.slice(1, -1); // the first and last month may be cut by a window
  const shrunk = inside.flatMap(({ name, rows }) => {
    const now = raw.files.find((file) => file.name === name)?.rows ?? 0;
    const outside = `${name.slice(0, 7)}-01` < raw.window.from.slice(0, 10);
    if (outside || now >= rows * (1 - HISTORY_MAY_SHRINK)) return [];
    const month = name.slice(0, 7);
    const sentence = `History changed: ${month} had ${rows} rows at ${previous.as_of} and has ${now} now. Ask the producer why past rows are gone.`;
    const limit = `at most ${percent(HISTORY_MAY_SHRINK)} fewer`;
    return [{ ...finding('history_shrank', null, rows - now, raw, limit, sentence), severity: 'warn' as const }];
  });
  return [...types, ...shrunk];
}

function finding(
  rule: string,
  column: string | null,
  count: number,
  raw: RawManifest,
  limit: string,
  sentence: string,
): Finding {
  const share = raw.rows === 0 ? 0 : Math.min(1, count / raw.rows);
  return { rule, column, severity: 'reject', count, share, limit, examples: [], sentence };
}
