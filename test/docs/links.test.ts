/** Links between pages, and to files, lead somewhere. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../config/workspace.ts';
import { anchorsOf, pages, prose } from './pages.ts';

/** Why a link leads nowhere, or undefined. */
function problemOf(page: string, link: string): string | undefined {
  if (/^(https?|mailto):/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (target.startsWith('..')) return 'it leads out of the project';
  if (!existsSync(join(ROOT, target))) return 'there is no such file';
  if (anchor === undefined) return undefined;
  if (statSync(join(ROOT, target)).isDirectory()) return 'a folder has no headings';
  return anchorsOf(target).includes(anchor) ? undefined : `${target} has no heading #${anchor}`;
}

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...prose(page).matchAll(/\]\(([^()\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.flatMap((link) => {
    const problem = problemOf(page, link);
    return problem === undefined ? [] : [`${link}: ${problem}`];
  });
  expect(broken).toEqual([]);
});

test('every page under docs can be reached from the README', () => {
  const reached = new Set<string>();
  const visit = (page: string): void => {
    if (reached.has(page) || !pages.includes(page)) return;
    reached.add(page);
    for (const [, link = ''] of prose(page).matchAll(/\]\(([^()\s#]+)(?:#[^()\s]*)?\)/g)) {
      if (!/^https?:/.test(link)) visit(normalize(join(dirname(page), link)));
    }
  };
  visit('README.md');
  expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
});
