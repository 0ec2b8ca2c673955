/** Commands that the pages show: each is one that hone has, and either runs here or is run by the test that it names. */
import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { comment, decision, rolloutCommand, trigger } from '../../src/workflows/contract.ts';
import { tellHistory, workspace } from '../cli/story.ts';
import { ROOT } from '../config/workspace.ts';
import { blocks, projectFiles, read } from './pages.ts';
import { parse } from './program.ts';

interface Shown {
  readonly at: string;
  readonly page: string;
  readonly command: string;
}

/** One entry a command: continued lines joined, comments and prompts taken off. */
const shown: readonly Shown[] = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ page, line, text }) =>
    text
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((one) =>
        one
          .replace(/^\$ /, '')
          .replace(/\s+#.*$/, '')
          .trim(),
      )
      .filter((one) => one !== '' && !one.startsWith('#'))
      .map((command) => ({ at: `${page}:${line}`, page, command })),
  );

/** Run as a whole, command by command, by `test/e2e/tour.full.test.ts`. */
const TOUR = 'docs/learn/tour.md';

const honeCommands = shown.filter(({ command }) => /^(npx )?hone /.test(command));

/** What runs here, on a workspace with a history, without a server. */
const CHEAP =
  /^(config (validate|explain|schema)|model (list|show|why|init)|query |registry (list|show)|ledger |lineage |doctor|freeze |unfreeze |rollback .*--dry-run)/;

/** What a page may show although it is not run here, and the test that runs it. */
const ELSEWHERE: readonly { command: RegExp; test: string }[] = [
  { command: /^npm ci$/, test: '.ci/run' },
  { command: /^npm (ci && npm )?test$/, test: '.ci/run' },
  { command: /^npm run check$/, test: 'package.json' },
  { command: /^npm run soak/, test: 'test/faults/soak.full.test.ts' },
  { command: /^npm ci && npm run demo$/, test: 'test/e2e/demo.full.test.ts' },
  { command: /^npx hone (up|down)$/, test: 'test/cli/up.test.ts' },
];

/** The words of a command line, as a shell would part them. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

/** Arguments of hone: without `npx hone`, without redirections. */
function argvOf(command: string): string[] {
  const words = wordsOf(command.replace(/\s+[>|].*$/, ''));
  return words.slice(words.indexOf('hone') + 1);
}

test('every block marked sh holds commands only', () => {
  expect(shown.length).toBeGreaterThan(30);
  const odd = shown.filter(({ command }) => !/^(npx |npm |hone |temporal |cd \w+$|kill -9 )/.test(command));
  expect(odd, 'mark other blocks otherwise, or teach this test about them').toEqual([]);
});

test.each(honeCommands)('$at: hone has $command', async ({ command }) => {
  const { reached, said } = await parse(argvOf(command));
  expect(reached, said).not.toBeNull();
});

const cheap = honeCommands.filter(({ page, command }) => page !== TOUR && CHEAP.test(argvOf(command).join(' ')));

test.each([...new Set(cheap.map(({ page }) => page))])(
  'the commands of %s that need no server do what they say',
  async (page) => {
    const { dir, hone, store } = await workspace();
    await symlink(join(ROOT, 'examples'), join(dir, 'examples'));
    await tellHistory(store);
    for (const { at, command } of cheap.filter((one) => one.page === page)) {
      const { code, err } = await hone(...argvOf(command));
      // The story's versions hold no graph that could be loaded: the dry run finds that out, and says it.
      expect({ at, command, code, err }).toMatchObject({ code: argvOf(command)[0] === 'rollback' ? 3 : 0 });
    }
  },
);

const tests = projectFiles.filter((file) => file.startsWith('test/') && file.endsWith('.ts')).map(read);

test.each(shown.filter((one) => one.page !== TOUR && !cheap.includes(one) && !one.command.startsWith('temporal ')))(
  '$at: $command is run by another test',
  async ({ command }) => {
    const known = ELSEWHERE.find((one) => one.command.test(command));
    if (known) return expect(existsSync(`${ROOT}/${known.test}`), `${known.test} is gone`).toBe(true);
    const { reached } = await parse(argvOf(command));
    const words = `'${reached?.split(' ').join("', '")}'`;
    expect(
      tests.some((text) => text.includes(words)),
      `no test calls ${words}`,
    ).toBe(true);
  },
);

const bodies = { approve: decision, reject: decision, comment, trigger } as const;
const others = ['pause', 'resume', 'promote', 'abort'];

test.each(shown.filter(({ command }) => command.startsWith('temporal ')))(
  '$at: the message of $command is one that hone accepts',
  ({ command }) => {
    const words = wordsOf(command);
    const option = (...names: string[]) => words[words.findIndex((word) => names.includes(word)) + 1] ?? '';
    const name = option('--name', '--signal-name');
    const body = JSON.parse(option(...(words.includes('--signal-input') ? ['--signal-input'] : ['--input', '-i'])));
    const schema = others.includes(name) ? rolloutCommand : bodies[name as keyof typeof bodies];
    expect(schema, `${name} is no message`).toBeDefined();
    expect(schema?.safeParse(body).error?.message).toBeUndefined();
  },
);
