/** Which rows a run trains on: the file's own window, or since the last confirmed break where that leaves enough rows. */
import type { ModelConfig } from '../../config/model.ts';
import { windowGeometry } from '../../evaluation/geometry.ts';
import { count } from '../../numbers.ts';
import type { ConfirmedBreak, Geometry } from '../../registry/contract.ts';
import { modelFolder } from '../../registry/keys.ts';
import { findDocument } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { type RawSnapshot, type TrainingWindow, trainingWindow } from '../contract.ts';
import { countWindows } from './window-counts.ts';

const DAY = 86_400_000;

type SinceBreak = Extract<ModelConfig['training']['window'], { type: 'since_break' }>;

export interface ChosenWindow {
  readonly geometry: Geometry;
  /** Nothing for a window that needs no choice. */
  readonly trainingWindow?: TrainingWindow;
}

/**
 * With `since_break`: mature rows with a label between the break and the end of the training part are counted. From
 * `min_rows` on they are what is trained on; with fewer, or without a break, it is `fallback`, unless that would reach
 * back less far. Other windows are taken as they are.
 *
 * @param input.confirmed the last break that was confirmed when the run started
 * @throws TooLittleHistory, SplitWithoutRows; ObjectMissing, ObjectCorrupt
 */
export async function chooseTrainingWindow(input: {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly snapshot: RawSnapshot;
  readonly asOf: string;
  readonly confirmed: ConfirmedBreak | null;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}): Promise<ChosenWindow> {
  const { config, snapshot, asOf, confirmed } = input;
  const { window } = config.training;
  const earliest = snapshot.window.from;
  const longer = windowGeometry(config, asOf, earliest);
  if (window.type !== 'since_break') return { geometry: longer };
  const { min_rows } = window;
  const otherwise = fallbackName(window);
  if (confirmed === null) {
    const sentence = `No break is confirmed as of ${asOf}: trained on ${otherwise}.`;
    return { geometry: longer, trainingWindow: { used: 'fallback', break: null, rows: null, min_rows, sentence } };
  }
  const from = new Date(Math.ceil(Date.parse(confirmed.at) / DAY) * DAY).toISOString();
  const rows = await rowsBetween(input, from, longer.train.to);
  const known = { break: confirmed, rows, min_rows };
  const of = `the break of ${confirmed.at} (${confirmed.by}: ${confirmed.reason})`;
  const enough = rows >= min_rows;
  if (enough || from < longer.train.from) {
    const geometry = windowGeometry(config, asOf, earliest, confirmed.at);
    const few = enough ? '' : ` They are fewer than ${count(min_rows)}, but ${otherwise} would hold fewer still.`;
    const sentence = `Trained on ${count(rows)} mature rows since ${of}.${few}`;
    return { geometry, trainingWindow: { used: 'since_break', ...known, sentence } };
  }
  const sentence = `Trained on ${otherwise}, not since ${of}: it leaves ${count(rows)} mature rows before ${longer.train.to}, fewer than ${count(min_rows)} (training.window.min_rows).`;
  return { geometry: longer, trainingWindow: { used: 'fallback', ...known, sentence } };
}

async function rowsBetween(
  input: Parameters<typeof chooseTrainingWindow>[0],
  from: string,
  to: string,
): Promise<number> {
  if (from >= to) return 0;
  const [counted] = await countWindows({ ...input, windows: [{ from, to }] });
  return counted?.labels ?? 0;
}

function fallbackName({ fallback }: SinceBreak): string {
  return fallback.type === 'rolling' ? `a rolling window of ${fallback.length}` : 'all history';
}

/** What the judged version of a run was trained on, for its refit, its record and its packet. */
export async function keepTrainingWindow(
  store: ObjectStore,
  model: string,
  run: string,
  chosen: TrainingWindow,
): Promise<void> {
  await store.put(key(model, run), Buffer.from(JSON.stringify(trainingWindow.parse(chosen), null, 1)));
}

/** Undefined before the features stage, and for a run whose window needed no choice. */
export async function keptTrainingWindow(
  store: ObjectStore,
  model: string,
  run: string,
): Promise<TrainingWindow | undefined> {
  return await findDocument(store, key(model, run), trainingWindow);
}

function key(model: string, run: string): string {
  return `${modelFolder(model)}/runs/${run}/training-window.json`;
}
