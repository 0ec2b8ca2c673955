/** How the span of the data is parted: enough to judge on, the rest to learn from. */
import { DataUnsuitable } from '../../data/profile/errors.ts';
import type { LabelRole, LabelTime } from '../../data/profile/roles-contract.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** What config/defaults.yaml asks of a gate. */
const NEEDS = { blocks: 6, rows: 2000, rarer: 200 } as const;
/** Under this a gate says nothing worth reading. */
const LEAST = { rows: 500, rarer: 50 } as const;
/** Two weeks see each weekday twice. */
const USUAL_HOLDOUT = 14;
/** Share of the days that may be held out. */
const MOST_HELD_OUT = 0.4;
const STEPS_HOURS = [1, 3, 6, 12, 24, 48, 72, 120, 168, 240, 336, 504, 720, 1080, 1440, 2160, 2880, 4320];

export interface Split {
  /** Whole days from the first event to the last. */
  readonly days: number;
  readonly rowsADay: number;
  readonly matureAfter: string;
  readonly validation: string;
  readonly holdout: string;
  readonly gap: string;
  /** Smaller than the defaults where the holdout cannot have as many; null where the defaults fit. */
  readonly uncertainty: { readonly min_rows: number; readonly min_rarer_class: number } | null;
  /** Rows with a label that the holdout is likely to have. */
  readonly judged: number;
}

/** @throws DataUnsuitable where the days are too few for a training part, a gap, a validation part and six days to judge on */
export function splitFor(input: {
  readonly rows: number;
  readonly from: string;
  readonly to: string;
  readonly label: LabelRole;
  readonly labelTime: LabelTime | null;
}): Split {
  const { rows, label, labelTime } = input;
  const days = Math.floor(Date.parse(input.to) / DAY) - Math.floor(Date.parse(input.from) / DAY) + 1;
  const rowsADay = (rows * label.known) / days;
  const matureAfter = matureAfterOf(labelTime);
  const mature = Math.ceil(matureAfter / DAY);
  const gap = Math.min(7, Math.max(1, mature));
  const usable = days - mature - 2 * gap;
  const most = Math.floor(usable * MOST_HELD_OUT);
  if (most < NEEDS.blocks) {
    const least = Math.ceil(NEEDS.blocks / MOST_HELD_OUT) + mature + 2 * gap;
    throw new DataUnsuitable(
      `it spans ${days} days, and a run needs at least ${least}: ${NEEDS.blocks} to judge on, about as many to choose on and to learn from, gaps between them, and ${duration(matureAfter)} until labels are in`,
      'Bring a longer history.',
    );
  }
  const rarerADay = rowsADay * (label.rarer ?? 1);
  const wanted = Math.max(
    USUAL_HOLDOUT,
    (NEEDS.rows * 1.2) / rowsADay,
    label.rarer === null ? 0 : (NEEDS.rarer * 1.5) / rarerADay,
  );
  const holdout = Math.min(most, Math.ceil(wanted / 7) * 7);
  const judged = Math.floor(holdout * rowsADay);
  const few = judged < NEEDS.rows * 1.1 || (label.rarer !== null && holdout * rarerADay < NEEDS.rarer * 1.1);
  return {
    ...{ days, rowsADay, judged },
    matureAfter: duration(matureAfter),
    validation: `P${Math.max(1, Math.floor(holdout / 2))}D`,
    holdout: `P${holdout}D`,
    gap: gap === 1 ? 'PT24H' : `P${gap}D`,
    uncertainty: few
      ? {
          min_rows: Math.min(NEEDS.rows, Math.max(LEAST.rows, Math.floor((judged * 0.8) / 100) * 100)),
          min_rarer_class: Math.min(
            NEEDS.rarer,
            Math.max(LEAST.rarer, Math.floor((holdout * rarerADay * 0.8) / 10) * 10),
          ),
        }
      : null,
  };
}

/** A tenth more than what nearly all labels took, rounded up to a step that people use; a day where nothing is known. */
function matureAfterOf(labelTime: LabelTime | null): number {
  if (labelTime === null) return DAY;
  const hours = (labelTime.delayMs * 1.1) / HOUR;
  const step = STEPS_HOURS.find((each) => each >= hours);
  return step === undefined ? Math.ceil(hours / 24) * DAY : step * HOUR;
}

function duration(ms: number): string {
  return ms <= DAY ? `PT${ms / HOUR}H` : `P${ms / DAY}D`;
}
