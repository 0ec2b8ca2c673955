/** What can be wrong in a configuration file, and how it is told to a person: always with file, line and column. */

/** Where something is written. `file` is relative to the workspace; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  /** The value concerned, such as `gate.floors.roc_auc`; empty for the file itself. */
  readonly path: string;
  /** What is wrong, with the value as it was read. */
  readonly message: string;
  /** What to write instead, where that is known. */
  readonly hint?: string;
}

export type Path = readonly (string | number)[];

/** `['data', 'rules', 0, 'column']` → `data.rules[0].column`. */
export function showPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

export function showPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/** One line a problem, and one more for its hint. */
export function showProblem(problem: Problem): string {
  const subject = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.hint === undefined ? '' : `\n    ${problem.hint}`;
  return `  ${showPlace(problem)}  ${subject}${problem.message}${hint}`;
}

/** By file, then position; a problem that several models inherit from one place is told once. */
export function tidy(problems: readonly Problem[]): Problem[] {
  const seen = new Map(problems.map((problem) => [showProblem(problem), problem]));
  return [...seen.values()].sort(
    (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column || a.path.localeCompare(b.path),
  );
}
