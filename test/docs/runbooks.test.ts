/** Every notice has its runbook, every runbook its five parts, and every command in them is one that hone has. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRoutes } from '../../src/notifications/routes.ts';
import { RUNBOOKS, runbookOf } from '../../src/notifications/runbooks.ts';
import { ROOT } from '../config/workspace.ts';
import { anchorsOf, read } from './pages.ts';
import { commands, parse } from './program.ts';

const sources = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(join(folder, file)));
const pages = readdirSync(join(ROOT, RUNBOOKS)).map((file) => join(RUNBOOKS, file));

/** As the code that makes notices spells them. */
const types = [
  ...new Set(
    sources('src/notifications').flatMap((text) =>
      [...text.matchAll(/'([a-z]+\.[a-z_]+)'/g)].map(([, type = '']) => type),
    ),
  ),
].filter((type) => /^(?:run|data|gate|approval|rollout|rollback|config)\./.test(type));
const informing = ['run.started', 'run.ended', 'rollout.step', 'config.changed'];
const alone = ['rolledback', 'frozen', 'repaired', 'storm', 'digest'];

/** As the code that opens incidents names them. */
const incidents = [
  ...new Set(
    [...read('src/monitoring/playbook/playbook.ts').matchAll(/(?:alert|each)\('([a-z-]+)'/g)].map(
      ([, kind = '']) => kind,
    ),
  ),
];

const noticeOf = (type: string, incident = '') => ({
  model: 'flights-delay',
  type,
  thread: `flights-delay/${incident}`,
});
const headingOf = (runbook: string) => {
  const [page = '', anchor = ''] = runbook.split('#');
  return anchorsOf(join(RUNBOOKS, page)).includes(anchor) ? anchor : undefined;
};

test('every notice that asks for something has a heading of its own', () => {
  expect(types.length).toBeGreaterThan(15);
  for (const type of [...types, ...alone].filter((one) => !informing.includes(one))) {
    expect({ type, heading: headingOf(runbookOf(noticeOf(type))) }).toEqual({
      type,
      heading: type.replaceAll('.', ''),
    });
  }
  for (const type of [...informing, 'promoted', 'unfrozen', 'test'])
    expect(runbookOf(noticeOf(type))).toBe('README.md#for-information');
});

test('every incident has one, also where its name goes on with what it is about', () => {
  expect(incidents.length).toBeGreaterThan(8);
  for (const kind of [...incidents, 'input', 'skew']) {
    for (const name of [kind, `${kind}-distance_miles`]) {
      const heading = headingOf(runbookOf(noticeOf('incident.opened', name)));
      expect({ name, heading }).toEqual({ name, heading: kind });
    }
  }
});

test('each runbook says, means, looks, does and ends', () => {
  for (const page of pages) {
    const sections = read(page)
      .split(/^## /m)
      .slice(1)
      .filter((text) => !/^(First, whatever|For information)/.test(text));
    for (const text of sections) {
      const parts = ['Says', 'Means', 'Look', 'Do', 'Over when'].map((part) => text.indexOf(`**${part}`));
      const at = `${page}: ${text.split('\n')[0]}`;
      expect({ at, missing: parts.some((place) => place < 0) }).toEqual({ at, missing: false });
      expect({ at, parts }).toEqual({ at, parts: parts.toSorted((a, b) => a - b) });
    }
  }
});

test('commands inside sentences are ones that hone has', async () => {
  const inline = pages.flatMap((page) => [...read(page).matchAll(/`hone ([^`\n]+)`/g)].map(([, words = '']) => words));
  expect(inline.length).toBeGreaterThan(15);
  const unknown: string[] = [];
  for (const words of new Set(inline)) {
    const whole = words.replaceAll('…', 'something').replaceAll(/<([a-z0-9]+)>/g, '$1');
    const { reached, said } = await parse(whole.split(' '));
    // The verb alone names the command; with anything behind it, all of it has to be understood.
    if (reached === null && !commands.includes(words)) unknown.push(`${words}: ${said}`);
  }
  expect(unknown).toEqual([]);
});

test('a notice carries the address of its runbook where there is one, else the path in the project', () => {
  const routes = { ops: { type: 'slack', url_env: 'NONE' } } as const;
  const notice = {
    ...noticeOf('run.failed'),
    contract: 1,
    seq: 1,
    id: 'x',
    severity: 'page',
    as_of: '',
    run: null,
  } as const;
  const linkOf = (config: Parameters<typeof openRoutes>[0]) =>
    openRoutes(config, () => null, {})[0]
      ?.linksOf({ ...notice, sentence: '' })
      .at(-1);
  expect(linkOf({ routes })).toEqual({ name: 'what to do', url: 'docs/runbooks/runs.md#runfailed' });
  const runbooks = 'https://git.example.org/hone/docs/runbooks';
  expect(linkOf({ routes, runbooks })?.url).toBe(`${runbooks}/runs.md#runfailed`);
});

test('a notice without a run leads to the owner of its model in Temporal, one with a run to the run', () => {
  const routes = { ops: { type: 'slack', url_env: 'NONE' } } as const;
  const ui = (id: string) => `https://temporal.example/${encodeURIComponent(id)}`;
  const [route] = openRoutes({ routes }, ui, {});
  const of = (run: string | null) =>
    route?.linksOf({
      ...noticeOf('run.failed'),
      contract: 1,
      seq: 1,
      id: 'x',
      severity: 'page',
      as_of: '',
      run,
      sentence: '',
    });
  expect(of(null)?.[0]).toEqual({ name: 'in Temporal', url: 'https://temporal.example/model%2Fflights-delay' });
  expect(of('flights-delay-000007')?.[0]?.url).toBe('https://temporal.example/flights-delay-000007');
});
