/** What a column means to the model: its place among the features, and how much of the whole has moved. */

export interface ImportanceRank {
  /** 1 is the feature that the model uses most. */
  readonly rank: number;
  readonly of: number;
  readonly share: number;
}

type Importance = Readonly<Record<string, number>> | undefined;

/** @returns null where the version says nothing about the column */
export function rankOf(name: string, importance: Importance): ImportanceRank | null {
  const share = importance?.[name];
  if (importance === undefined || share === undefined) return null;
  const all = Object.values(importance);
  return { rank: 1 + all.filter((other) => other > share).length, of: all.length, share };
}

/** Share of importance that the moved columns carry among those that were judged. */
export function importanceMoved(
  moved: readonly string[],
  judged: readonly string[],
  importance: Importance,
): { importance_moved?: number | null } {
  if (importance === undefined || Object.keys(importance).length === 0) return {};
  const sum = (names: readonly string[]): number => names.reduce((all, name) => all + (importance[name] ?? 0), 0);
  const whole = sum(judged);
  return { importance_moved: whole > 0 ? sum(moved) / whole : null };
}
