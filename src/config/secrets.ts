/** Refuses secrets pasted into configuration: it is copied into the store and shown on pages. */
import { type Path, type Problem, showPath } from './problems.ts';
import type { Tree } from './tree.ts';

const SHAPES: readonly [name: string, pattern: RegExp][] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY/],
  ['an AWS access key', /\b(AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a GitHub token', /\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})/],
  ['a Slack token', /\bxox[abprs]-[A-Za-z0-9-]{10,}/],
  ['a JSON web token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/],
  ['a password inside an address', /\w:\/\/[^/\s:@]+:[^/\s:@]+@/],
];
const KEYS = /(^|_)(password|passwd|secret|token|api_?key|access_?key|secret_?access_?key|private_?key)$/i;
const QUERY = /[?&](password|secret|token|api_?key|access_?key(_?id)?|secret_?access_?key|session_?token)=[^&]+/i;

/** The value itself is never repeated in the problem. */
export function secretProblems(tree: Tree, path: Path = []): Problem[] {
  if (tree.kind === 'map') return [...tree.entries].flatMap(([key, value]) => secretProblems(value, [...path, key]));
  if (tree.kind === 'list') return tree.items.flatMap((item, index) => secretProblems(item, [...path, index]));
  const found = typeof tree.value === 'string' ? secretIn(tree.value, path) : undefined;
  if (found === undefined) return [];
  const message = `looks like ${found}, which does not belong in a file`;
  const hint = 'take it out, revoke it, and give it to the process as an environment variable';
  return [{ ...tree.at, path: showPath(path), message, hint }];
}

function secretIn(text: string, path: Path): string | undefined {
  const shape = SHAPES.find(([, pattern]) => pattern.test(text))?.[0];
  if (shape !== undefined) return shape;
  if (QUERY.test(text)) return 'a secret inside an address';
  const key = path.at(-1);
  return typeof key === 'string' && KEYS.test(key) && text.length >= 6 ? 'a secret' : undefined;
}

/** Whether a value may be shown as it is (by messages that quote what they read). */
export function isSecret(text: string): boolean {
  return secretIn(text, []) !== undefined;
}
