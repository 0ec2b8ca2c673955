/** Which document each command prints with `--json`: one line a command, none forgotten (tested). */
import type { z } from 'zod';
import { ACTING } from './acting.ts';
import { LOOKING } from './looking.ts';

export const PRINTED: Readonly<Record<string, z.ZodType>> = { ...LOOKING, ...ACTING };

/** The command among these words: the longest that is known; undefined for help and for what does not exist. */
export function commandOf(words: readonly string[]): string | undefined {
  const named = words.filter((word) => !word.startsWith('-'));
  return [3, 2, 1].map((length) => named.slice(0, length).join(' ')).find((name) => PRINTED[name] !== undefined);
}
