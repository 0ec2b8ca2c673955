/**
 * What goes on in work that takes longer than a second, on stderr: on a terminal one line that is rewritten and leaves
 * nothing behind, elsewhere a plain line now and then. Silent with `--json` and `--quiet`.
 */
import type { CliContext } from './context.ts';
import { plainText } from './table.ts';

/** On a terminal: when the line appears, and how often it is redrawn. */
const [DRAWN_AFTER_MS, REDRAWN_MS] = [1000, 250];
/** Elsewhere, where each line stays in a log. */
const SAID_EVERY_MS = 10_000;
const WIDTH = 79;
const CLEAR = '\r\u001b[2K';

/** `null`: be still, because a person is asked something. */
export type Tell = (sentence: string | null) => void;

/**
 * @param doing what is under way until `tell` says more, such as `reading june.parquet`
 * @param work may call `tell` as often as it likes
 */
export async function withProgress<T>(
  { terminal, options }: Pick<CliContext, 'terminal' | 'options'>,
  doing: string,
  work: (tell: Tell) => Promise<T>,
): Promise<T> {
  if (options.json || options.quiet) return await work(() => undefined);
  const began = performance.now();
  let latest: string | null = doing;
  let drawn = false;
  const clear = () => {
    if (drawn) terminal.err(CLEAR);
    drawn = false;
  };
  const show = () => {
    if (latest === null) return clear();
    const seconds = Math.round((performance.now() - began) / 1000);
    const line = shortened(plainText(latest), ` (${elapsed(seconds)})`);
    terminal.err(terminal.isTty ? `${CLEAR}${line}` : `${line}\n`);
    drawn = terminal.isTty;
  };
  let again: NodeJS.Timeout | undefined;
  const first = setTimeout(
    () => {
      show();
      again = setInterval(show, terminal.isTty ? REDRAWN_MS : SAID_EVERY_MS);
    },
    terminal.isTty ? DRAWN_AFTER_MS : SAID_EVERY_MS,
  );
  try {
    return await work((sentence) => {
      latest = sentence;
      if (sentence === null) clear();
    });
  } finally {
    clearTimeout(first);
    clearInterval(again);
    clear();
  }
}

function shortened(text: string, tail: string): string {
  const room = WIDTH - tail.length;
  return `${text.length > room ? `${text.slice(0, room - 1)}…` : text}${tail}`;
}

function elapsed(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `12,345 of 20,000 rows`. */
export function ofAll(done: number, all: number, what: string): string {
  return `${done.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} ${what}`;
}
