/** Turns zod's issues into problems for a person: place, value as read, what is allowed, nearest key. */
import type { z } from 'zod';
import { type JsonSchema, keysAt, placesOfKey, schemasAt } from './json-schema.ts';
import { nearest } from './nearest.ts';
import { type Path, type Problem, showPath } from './problems.ts';
import { isSecret } from './secrets.ts';
import { descend, plain, type Tree } from './tree.ts';

type Issue = z.core.$ZodIssue;

export function schemaProblems(tree: Tree, schema: JsonSchema, issues: readonly Issue[]): Problem[] {
  const problems = issues.flatMap((issue) => problemsOf(tree, schema, issue, []));
  // A misspelt key leaves its right name missing: one mistake, told once.
  const meant = new Set(problems.map((problem) => problem.meant));
  return problems
    .filter((problem) => !(problem.missing && meant.has(problem.path)))
    .map(({ meant: _, missing: __, ...rest }) => rest);
}

interface Found extends Problem {
  /** The path that an unknown key was probably meant to be. */
  readonly meant?: string;
  readonly missing?: true;
}

function problemsOf(tree: Tree, schema: JsonSchema, issue: Issue, above: Path): Found[] {
  const path = [...above, ...(issue.path as (string | number)[])];
  const { node, found } = descend(tree, path);
  if (!found) return [{ ...node.at, path: showPath(path), missing: true, ...missing(schema, path) }];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(tree, schema, path, key));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branch = likeliestBranch(issue.errors, plain(node));
    if (branch !== undefined) return branch.flatMap((inner) => problemsOf(tree, schema, inner, path));
  }
  const read = `read ${showValue(plain(node))}`;
  return [{ ...node.at, path: showPath(path), ...describe(issue, schema, path, plain(node), read) }];
}

function missing(schema: JsonSchema, path: Path): { message: string } {
  const wanted = wantedAt(schema, path);
  return {
    message: `is missing${wanted === '' ? '' : `; ${wanted} is needed`}, here or in a file that this one extends`,
  };
}

function describe(
  issue: Issue,
  schema: JsonSchema,
  path: Path,
  value: unknown,
  read: string,
): Pick<Problem, 'message' | 'hint'> {
  switch (issue.code) {
    case 'invalid_value':
      return oneOf(issue.values.map(String), value, read);
    case 'invalid_union': {
      const options = 'options' in issue ? (issue.options as unknown[]).map(String) : [];
      return options.length > 0
        ? oneOf(options, value, read)
        : { message: `${wantedAt(schema, path)} is needed; ${read}` };
    }
    case 'invalid_type':
      return { message: `${wantedAt(schema, path) || `a value of type ${issue.expected}`} is needed; ${read}` };
    case 'too_small':
      return { message: `${bound(issue, issue.inclusive ? 'at least' : 'more than', issue.minimum)}; ${read}` };
    case 'too_big':
      return { message: `${bound(issue, issue.inclusive ? 'at most' : 'less than', issue.maximum)}; ${read}` };
    case 'invalid_key':
    case 'invalid_element':
      return { message: `${issue.issues.map((inner) => inner.message).join('; ')}` };
    case 'invalid_format':
      return { message: `${/^Invalid/.test(issue.message) ? 'is not spelt as it must be' : issue.message}; ${read}` };
    default:
      return { message: `${issue.message}; ${read}` };
  }
}

function oneOf(options: readonly string[], value: unknown, read: string): Pick<Problem, 'message' | 'hint'> {
  const near = typeof value === 'string' ? nearest(value, options) : undefined;
  const message = `must be ${options.length > 1 ? `one of ${options.join(', ')}` : options[0]}; ${read}`;
  return near === undefined ? { message } : { message, hint: `did you mean ${near}?` };
}

function bound(issue: { origin: string }, word: string, limit: number | bigint): string {
  if (issue.origin === 'array') return `needs ${word} ${limit} entries`;
  return issue.origin === 'string' ? `needs ${word} ${limit} characters` : `must be ${word} ${limit}`;
}

function unknownKey(tree: Tree, schema: JsonSchema, path: Path, key: string): Found {
  const place = descend(tree, [...path, key]).node.keyAt;
  const known = keysAt(schema, path);
  const near = nearest(key, known);
  const elsewhere = placesOfKey(schema, key).map((at) => showPath([...at, key]));
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : elsewhere.length > 0
        ? `it belongs at ${elsewhere.slice(0, 3).join(' or ')}`
        : `known here: ${known.join(', ')}`;
  const meant = near === undefined ? {} : { meant: showPath([...path, near]) };
  return {
    ...place,
    path: showPath([...path, key]),
    message: `the key ${JSON.stringify(key)} is unknown`,
    hint,
    ...meant,
  };
}

/**
 * The alternative that the person most probably meant: of the right kind, then with the fewest complaints, then the one
 * whose missing key is nearly spelt by an unknown one. Undefined where no alternative is of the right kind.
 */
function likeliestBranch(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | undefined {
  const isRecord = typeof value === 'object' && value !== null;
  const wrongKind = (branch: readonly Issue[]) =>
    branch.some(
      (issue) =>
        issue.path.length === 0 && (issue.code === 'invalid_type' || (isRecord && issue.code === 'invalid_value')),
    );
  const fitting = branches.filter((branch) => !wrongKind(branch));
  const cost = (branch: readonly Issue[]) => {
    const unknown = branch.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
    const named = branch.map((issue) => String(issue.path[0] ?? ''));
    const misspelt = unknown.filter((key) => nearest(key, named) !== undefined).length;
    return branch.length + unknown.length - misspelt * 1.5;
  };
  return fitting.sort((a, b) => cost(a) - cost(b))[0];
}

/** "a number", "a text", "one of a, b": what the schema says about a value. */
function wantedAt(schema: JsonSchema, path: Path): string {
  return [...new Set(schemasAt(schema, path).map(wanted))].filter((text) => text !== '').join(' or ');
}

function wanted(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'string':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return schema.properties === undefined
        ? 'a record'
        : `a record with ${Object.keys(schema.properties).slice(0, 8).join(', ')}`;
    case 'null':
      return 'null';
    default:
      return '';
  }
}

/** The value as it was read, with its type where that is the point: `"10" (a text)`. */
function showValue(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string' && isSecret(value)) return '[hidden]';
  const text = JSON.stringify(value) ?? String(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return typeof value === 'string' && /^[-+.\d]/.test(value) ? `${short} (a text)` : short;
}
