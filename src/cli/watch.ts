/** Follows a run until it ends: a tree that redraws itself on a terminal, lines elsewhere. Ctrl-C leaves the run alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type PendingWork, pendingWork } from '../client/pending-work.ts';
import { type RunStory, runStory } from '../client/run-story.ts';
import type { CliContext } from './context.ts';
import { outcomeCode, stageTree, workText } from './run-text.ts';
import type { Services } from './services.ts';

const LOOK_EVERY_MS = 500;
/** Off a terminal, how far the work is is told this often. */
const LINE_MS = 10_000;

/**
 * Sets the exit code: by outcome, 130 after Ctrl-C, 5 when time ran out while somebody or something is waited for, else 1.
 *
 * @returns the story as it was last seen
 */
export async function follow(
  context: CliContext,
  { client, store }: Services,
  run: string,
  timeoutMs = Number.POSITIVE_INFINITY,
): Promise<RunStory> {
  const draw = drawer(context);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  try {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const story = await runStory(client, store, run);
      draw(story, story.source === 'workflow' && story.open ? await pendingWork(client, run) : []);
      if (!story.open) {
        context.exitWith(outcomeCode(story.outcome));
        return story;
      }
      if (interrupted.signal.aborted) return detached(context, story, 130, 'Detached');
      if (Date.now() >= deadline) {
        return detached(context, story, story.waiting_for === null ? 1 : 5, 'Time is up');
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function detached(context: CliContext, story: RunStory, code: 1 | 5 | 130, why: string): RunStory {
  const waits = story.waiting_for === null ? '' : ` It waits for ${story.waiting_for}.`;
  context.say(`${why}; ${story.run} goes on by itself.${waits} Come back with: hone run watch ${story.run}`);
  context.exitWith(code);
  return story;
}

function drawer(context: CliContext): (story: RunStory, work: readonly PendingWork[]) => void {
  const { terminal, options, colors } = context;
  if (options.quiet || options.json) return () => undefined;
  // On a terminal the tree stands where data would; its last state stays.
  if (terminal.isTty) {
    let drawn = 0;
    return (story, work) => {
      const lines = stageTree(story, colors, terminal.now(), work);
      const back = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[0J`;
      terminal.err(`${back}${lines.join('\n')}\n`);
      drawn = lines.length;
    };
  }
  let [said, far] = ['', ''];
  let toldAt = performance.now();
  return (story, work) => {
    const waits = story.waiting_for === null ? '' : `; waits for ${story.waiting_for}`;
    const line = `${story.run} ${story.outcome ?? story.stage ?? 'starts'}: ${story.sentence}${waits}`;
    const doing = workText(work, 200);
    const due = doing !== '' && doing !== far && performance.now() - toldAt >= LINE_MS;
    if (line !== said) terminal.err(`${line}\n`);
    else if (due) terminal.err(`${story.run} ${story.stage}: ${doing}\n`);
    else return;
    [said, far] = [line, due ? doing : far];
    toldAt = performance.now();
  };
}
