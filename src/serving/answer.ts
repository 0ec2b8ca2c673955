/** Answers the rows of one request: the arm that routing chose, and the champion where that arm fails. */
import { FeatureRowsInvalid } from '../data/features/errors.ts';
import type { ServedArm } from './contract.ts';
import { ArmFailed, NoChampion, PredictionFailed, RequestRefused } from './errors.ts';
import type { RowFailure } from './evidence.ts';
import type { Scored } from './loaded-version.ts';
import { type AskedRow, fieldPath } from './request-rows.ts';
import { type CanaryArm, chooseArm } from './route.ts';
import type { StagedFaults } from './staged-faults.ts';
import type { Followed, VersionFleet } from './version-fleet.ts';
import type { VersionSlot } from './version-slot.ts';

/** Rows that one version answered in one call; `scored` is in the order of `rows`. */
export interface Answered {
  readonly slot: VersionSlot;
  readonly arm: ServedArm;
  readonly rows: readonly AskedRow[];
  readonly scored: Scored;
  readonly staged: boolean;
}

export interface Answering {
  readonly model: string;
  readonly followed: Followed;
  readonly fleet: VersionFleet;
  readonly alive: (arm: CanaryArm) => boolean;
  readonly staged: StagedFaults | undefined;
}

interface Attempt {
  readonly answered: Answered[];
  /** Rows that the champion must answer instead, and why. */
  readonly left: readonly AskedRow[];
  readonly staged: boolean;
  /** Told once the champion could answer them: only then was it the arm's fault and not the request's. */
  readonly blame: () => void;
}

/**
 * @throws RequestRefused when the rows do not fit the champion's features, NoChampion, PredictionFailed
 */
export async function answerRows(rows: readonly AskedRow[], context: Answering): Promise<Answered[]> {
  const { table } = context.followed;
  if (table.canaries.length === 0 && table.champion !== null) return answerByChampion(rows, 'champion', false, context);
  const { own, canary } = assign(rows, context);
  const [championFirst, attempts] = await Promise.all([
    answerByChampion(own, 'champion', false, context),
    Promise.all([...canary].map(([version, asked]) => attemptCanary(version, asked, context))),
  ]);
  const answered = [...championFirst];
  for (const attempt of attempts) {
    answered.push(...attempt.answered);
    if (attempt.left.length > 0)
      answered.push(...(await answerByChampion(attempt.left, 'fallback', attempt.staged, context)));
    attempt.blame();
  }
  return answered;
}

function assign(rows: readonly AskedRow[], { model, followed, fleet, alive }: Answering) {
  const own: AskedRow[] = [];
  const canary = new Map<number, AskedRow[]>();
  // A version that is still being loaded here takes nothing yet; one that cannot be loaded fails, and is counted.
  const able = (arm: CanaryArm) => alive(arm) && (followed.slots.has(arm.version) || fleet.hasFailed(arm.version));
  for (const row of rows) {
    const route = chooseArm(followed.table, row.entity, able);
    if (!route) throw new NoChampion(model, 'none was promoted yet', true);
    if (route.arm === 'champion') own.push(row);
    else canary.set(route.version, [...(canary.get(route.version) ?? []), row]);
  }
  return { own, canary };
}

async function attemptCanary(version: number, rows: readonly AskedRow[], context: Answering): Promise<Attempt> {
  const evidence = context.fleet.evidence(version);
  const slot = context.followed.slots.get(version);
  const entities = rows.map(({ entity }) => entity);
  const failed = (kind: RowFailure, staged: boolean): Attempt => {
    const blame = () => {
      evidence.asked(entities);
      evidence.failed(kind, entities);
      evidence.fellBack(rows.length);
    };
    return { answered: [], left: rows, staged, blame };
  };
  if (!slot) return failed('error', false);
  const { outcome, staged } = await scoreStaged(slot, rows, context);
  if (outcome instanceof Error) return failed(kindOf(outcome), staged);

  const bad = badRows(outcome, rows.length);
  const good = rows.map((_, i) => i).filter((i) => !bad.has(i));
  const left = rows.filter((_, i) => bad.has(i));
  const blame = () => {
    evidence.asked(entities);
    if (left.length === 0) return;
    evidence.failed(
      'nan',
      left.map(({ entity }) => entity),
    );
    evidence.fellBack(left.length);
  };
  const answered: Answered[] =
    good.length === 0
      ? []
      : [{ slot, arm: 'canary', rows: good.map((i) => rows[i]!), scored: pick(outcome, good, rows.length), staged }];
  return { answered, left, staged, blame };
}

async function answerByChampion(
  rows: readonly AskedRow[],
  arm: 'champion' | 'fallback',
  stagedBefore: boolean,
  context: Answering,
): Promise<Answered[]> {
  if (rows.length === 0) return [];
  const { model, followed } = context;
  const version = followed.table.champion;
  const slot = version === null ? undefined : followed.slots.get(version);
  if (!slot) throw new NoChampion(model, 'the candidate failed and there is no champion to answer instead');
  const entities = rows.map(({ entity }) => entity);
  const { outcome, staged } = await scoreStaged(slot, rows, context);
  if (outcome instanceof FeatureRowsInvalid) throw refusal(outcome, rows, slot);
  slot.evidence.asked(entities);
  if (outcome instanceof Error) {
    slot.evidence.failed(kindOf(outcome), entities);
    throw new PredictionFailed(model, slot.version, staged ? `${outcome.message} (on purpose)` : outcome.message, {
      cause: outcome,
    });
  }
  const bad = badRows(outcome, rows.length);
  if (bad.size > 0) {
    slot.evidence.failed(
      'nan',
      [...bad].map((i) => entities[i]!),
    );
    const where = `${bad.size} of ${rows.length} scores are not finite numbers${staged ? ' (on purpose)' : ''}`;
    throw new PredictionFailed(model, slot.version, where);
  }
  return [{ slot, arm, rows, scored: outcome, staged: staged || stagedBefore }];
}

/** What the version says or throws, with a staged fault where one is set for it. */
export async function scoreStaged(
  slot: VersionSlot,
  rows: readonly AskedRow[],
  { model, staged }: Pick<Answering, 'model' | 'staged'>,
): Promise<{ outcome: Scored | Error; staged: boolean }> {
  const drawn = staged?.draw(model, slot.version, rows.length);
  if (drawn) slot.evidence.staged(drawn.rows.filter(Boolean).length);
  const fault = drawn && drawn.fault !== 'nan' ? drawn.fault : undefined;
  const outcome = await slot
    .score(
      rows.map(({ raw }) => raw),
      fault,
    )
    .catch((error: unknown) => toError(error));
  if (drawn?.fault === 'nan' && !(outcome instanceof Error)) {
    const width = outcome.predictions.length / rows.length;
    drawn.rows.forEach((hit, i) => {
      if (hit) outcome.predictions.fill(Number.NaN, i * width, (i + 1) * width);
    });
  }
  return { outcome, staged: drawn !== undefined };
}

function badRows({ predictions }: Scored, rows: number): Set<number> {
  const width = predictions.length / rows;
  const bad = new Set<number>();
  for (let i = 0; i < predictions.length; i++) if (!Number.isFinite(predictions[i])) bad.add(Math.floor(i / width));
  return bad;
}

function pick(scored: Scored, kept: readonly number[], rows: number): Scored {
  if (kept.length === rows) return scored;
  const rowsOf = <A extends Float32Array | Float64Array>(values: A, into: A): A => {
    const width = values.length / rows;
    kept.forEach((from, to) => {
      into.set(values.subarray(from * width, (from + 1) * width), to * width);
    });
    return into;
  };
  return {
    predictions: rowsOf(scored.predictions, new Float64Array((scored.predictions.length / rows) * kept.length)),
    numeric: rowsOf(scored.numeric, new Float32Array((scored.numeric.length / rows) * kept.length)),
    categorical: scored.categorical.map((column) => kept.map((i) => column[i]!)),
    lookupAsOf: scored.lookupAsOf,
    ms: scored.ms,
  };
}

/** Indexes of the call become indexes of the request. */
function refusal(error: FeatureRowsInvalid, rows: readonly AskedRow[], { source }: VersionSlot): RequestRefused {
  const [first] = error.problems;
  const row = first && rows[first.row];
  if (!first || !row) return new RequestRefused(error.message);
  if (first.field === '*') return new RequestRefused(first.problem, rows.length === 1 ? row.path : 'rows');
  const others = error.problems.length > 1 ? ` (and ${error.problems.length - 1} more fields)` : '';
  const { precomputed: maker } = source.served;
  const ready = maker
    ? `; this model takes ready features, made as by ${maker.name} ${maker.version}: send them all`
    : '';
  return new RequestRefused(`${first.problem}${others}${ready}`, fieldPath(row.path, first.field));
}

export function kindOf(error: Error): RowFailure {
  return error instanceof ArmFailed ? error.kind : 'error';
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
