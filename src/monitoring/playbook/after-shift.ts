/**
 * After a retraining in the middle of a shift: its training rows are of both worlds, and so is the reference that drift is
 * held against. Until a retraining could learn enough of the new one, hone looks on a shorter clock, then asks once more.
 */
import { z } from 'zod';
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import type { Connection } from '../../data/engine.ts';
import { parquetOf } from '../../data/sql-text.ts';
import { read } from '../../drift/profile.ts';
import { whole } from '../../drift/sentences.ts';
import { instant, type VersionManifest } from '../../registry/contract.ts';
import { findDocument } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { reasonsKey } from '../../triggers/demands.ts';
import type { Finding } from '../contract.ts';
import { matureBefore, windowName } from '../windows.ts';
import { everyText } from './alert-sentences.ts';

const kinds = ['drift', 'performance', 'calibration'] as const;

/** The shift that the champion's run answered. */
export interface Shift {
  readonly trigger: (typeof kinds)[number];
  /** Start of the oldest window that was beyond the limit. */
  readonly since: string;
  readonly run: string;
}

const reason = z.looseObject({
  kind: z.string(),
  evidence: z.looseObject({ since: instant.optional(), looks_again: z.boolean().optional() }).optional(),
});

/** @returns null where the champion's run had other reasons, or was the second look itself: one more run, not one a month */
export async function shiftBehind(store: ObjectStore, { model, run }: VersionManifest): Promise<Shift | null> {
  if (run === null) return null;
  const reasons = (await findDocument(store, reasonsKey(model, run), z.array(reason))) ?? [];
  if (reasons.some(({ evidence }) => evidence?.looks_again)) return null;
  for (const trigger of kinds) {
    const found = reasons.find(({ kind, evidence }) => kind === trigger && evidence?.since !== undefined);
    if (found?.evidence?.since !== undefined) return { trigger, since: found.evidence.since, run };
  }
  return null;
}

/** How long after its promotion a champion that was trained inside a shift is watched more closely. */
export function watchedUntil(config: ModelConfig, promotedAt: string | null): number {
  const { after_shift: afterShift } = config.monitoring;
  if (afterShift === undefined || promotedAt === null) return Number.NEGATIVE_INFINITY;
  return Date.parse(promotedAt) + durationMs(afterShift.for);
}

export interface AfterShift {
  readonly config: ModelConfig;
  readonly shift: Shift;
  readonly champion: number;
  /** End of the latest event time that the champion was fitted on. */
  readonly fitEnd: string | null;
  readonly promotedAt: string;
  readonly asOf: string;
  /** Log files that reach back to `shift.since`, and the labels of their rows. */
  readonly paths: readonly string[];
  readonly labels: string;
}

/** One finding while the champion's fit saw fewer labelled rows of the new world than `limits.min_new_labels`. */
export async function checkAfterShift(db: Connection, input: AfterShift): Promise<Finding[]> {
  const { config, shift, champion, promotedAt, asOf } = input;
  const until = watchedUntil(config, promotedAt);
  if (Date.parse(asOf) > until) return [];
  const needed = config.triggers.limits.min_new_labels;
  const reach = fitReach(config, asOf);
  const [fitted, learnable] = [
    await labelled(db, input, Date.parse(input.fitEnd ?? '')),
    await labelled(db, input, reach),
  ];
  if (fitted >= needed) return [];
  const day = windowName({ from: shift.since, to: new Date(Date.parse(shift.since) + 1).toISOString() });
  const told =
    `Version ${champion} was trained in the middle of the shift of ${day} (${shift.run}, ${shift.trigger}): ` +
    `${whole(fitted)} of its labelled rows are from after it, a retraining now would have ${whole(learnable)} (${whole(needed)} needed)`;
  const ready = learnable >= needed;
  return [
    {
      kind: 'after_shift',
      subject: shift.trigger,
      state: ready ? 'moved' : 'seen',
      value: learnable,
      limit: needed,
      rows: learnable,
      window: { from: shift.since, to: new Date(Math.max(reach, Date.parse(shift.since))).toISOString() },
      windows: { beyond: ready ? 1 : 0, judged: 1, need: 1, of: 1 },
      since: shift.since,
      sentence: ready
        ? `${told}. One more run is asked for, so that the model learns the time after the shift.`
        : `${told}. Looked at again ${everyText(config.monitoring.after_shift?.every ?? config.monitoring.every)} until ${new Date(until).toISOString().slice(0, 10)}; one more run is asked for when there are enough.`,
    },
  ];
}

/** Event time up to which a retraining as of now could fit: served as judged, it keeps its holdout apart. */
function fitReach({ data, training }: ModelConfig, asOf: string): number {
  const mature = matureBefore(asOf, data.label.mature_after);
  const { holdout, gap } = training.split;
  return training.refit === 'full' ? mature : mature - durationMs(holdout) - durationMs(gap);
}

/** Labelled predictions, of any version, from the shift to `to`. */
async function labelled(db: Connection, { shift, paths, labels }: AfterShift, to: number): Promise<number> {
  const from = Date.parse(shift.since);
  if (!(to > from) || paths.length === 0) return 0;
  const [rows] = await read(
    db,
    `SELECT count(DISTINCT inference_id)::DOUBLE FROM ${parquetOf(paths)} log
     SEMI JOIN ${parquetOf([labels])} labels USING (inference_id)
     WHERE arm <> 'shadow' AND epoch_ms(event_time) >= ${from} AND epoch_ms(event_time) < ${to}`,
  );
  return Number(rows?.[0] ?? 0);
}
