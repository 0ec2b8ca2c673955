/** What the next run would train and judge on, and whether that could be enough: without training anything. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { TrainingWindow } from '../data/contract.ts';
import { chooseTrainingWindow } from '../data/features/training-window.ts';
import { countWindows, type WindowCount } from '../data/features/window-counts.ts';
import { ingest } from '../data/ingest/ingest.ts';
import { newestDay } from '../data/ingest/newest-day.ts';
import type { ConfirmedBreak, Geometry, VersionManifest } from '../registry/contract.ts';
import { openStore } from '../store/open-store.ts';
import { cleanFrom } from './clean-rows.ts';

export interface PlannedWindow extends WindowCount {
  readonly part: 'train' | 'validation' | 'holdout';
  readonly from: string;
  readonly to: string;
}

export interface RunPreview {
  readonly as_of: string;
  /** `from`: event time of the oldest row. `newest_day`: no row is of a later day. */
  readonly source: { readonly rows: number; readonly from: string; readonly newest_day: string };
  readonly geometry: Geometry;
  /** With `since_break`: which window is used, and why; null for a window that needs no choice. */
  readonly training_window: TrainingWindow | null;
  readonly windows: readonly PlannedWindow[];
  /** Holdout rows that neither the candidate nor the champion has seen: what the gate may judge on. */
  readonly judged_on: WindowCount & { readonly from: string; readonly to: string; readonly days: number };
  /** Labels that matured since the champion was fitted; all of them where nothing is served. */
  readonly new_mature_labels: number;
  /** What the gate needs, and has. */
  readonly gate: readonly {
    readonly what: string;
    readonly has: number;
    readonly needs: number;
    readonly enough: boolean;
  }[];
}

/**
 * Reads the source as ingest would, into a folder of its own: the store stays as it is.
 *
 * @param champion the version that is served, if any
 * @param confirmed the last confirmed break, if any
 * @throws as ingest; TooLittleHistory
 */
export async function previewRun(input: {
  readonly config: ModelConfig;
  readonly champion: VersionManifest | null;
  readonly confirmed?: ConfirmedBreak | null;
  readonly asOf: string;
  readonly base: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}): Promise<RunPreview> {
  const { config, champion, asOf, workDir, confirmed = null } = input;
  const store = openStore(`file:${workDir}/store`);
  const { manifest: snapshot } = await ingest({ ...input, store });
  const chosen = await chooseTrainingWindow({ ...input, store, snapshot, confirmed });
  const { geometry, trainingWindow = null } = chosen;
  const parts = (['train', 'validation', 'holdout'] as const).map((part) => ({ part, ...geometry[part] }));
  const clean = judgedWindow(config, champion, geometry);
  const since = { from: champion?.fit_end ?? snapshot.window.from, to: geometry.mature_before };
  const counts = await countWindows({ ...input, store, snapshot, windows: [...parts, clean, since] });
  const at = (index: number) => counts[index] as WindowCount;
  const judged = { ...clean, ...at(3), days: Math.round((Date.parse(clean.to) - Date.parse(clean.from)) / 86_400_000) };
  return {
    as_of: asOf,
    source: { rows: snapshot.rows, from: snapshot.window.from, newest_day: newestDay(snapshot) },
    geometry,
    training_window: trainingWindow,
    windows: parts.map((part, i) => ({ ...part, ...at(i) })),
    judged_on: judged,
    new_mature_labels: at(4).labels,
    gate: needs(config, judged),
  };
}

/** As the evaluate stage takes it: after what either has seen, and its gap. */
function judgedWindow(config: ModelConfig, champion: VersionManifest | null, geometry: Geometry) {
  const to = geometry.mature_before;
  const from = cleanFrom([geometry.fit_end, champion?.fit_end ?? null], durationMs(config.training.split.gap));
  return { from: from < to ? from : to, to };
}

function needs({ task, gate }: ModelConfig, judged: RunPreview['judged_on']): RunPreview['gate'] {
  const { min_rows, min_blocks, min_rarer_class, block } = gate.uncertainty;
  const blocks = Math.floor((Date.parse(judged.to) - Date.parse(judged.from)) / durationMs(block));
  const rules = [
    { what: 'labelled rows', has: judged.labels, needs: min_rows },
    { what: `blocks of ${block}`, has: blocks, needs: min_blocks },
    ...(task === 'binary' ? [{ what: 'rows of the rarer class', has: judged.rarer ?? 0, needs: min_rarer_class }] : []),
  ];
  return rules.map((rule) => ({ ...rule, enough: rule.has >= rule.needs }));
}
