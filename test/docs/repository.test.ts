/** What the project's files must and must not be. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../config/workspace.ts';
import { projectFiles, read } from './pages.ts';

const text = projectFiles.filter((file) => /\.(ts|mjs|cjs|js|json|md|yaml|py|txt|in|svg)$|^\.[a-z]|^\.ci\//.test(file));

test('no file names a folder of somebody’s machine', () => {
  const machine = /(?:^|[\s"'`(=:])\/(?:work|root|home\/[a-z]+|Users\/[A-Za-z]+)\//m;
  expect(text.filter((file) => machine.test(read(file)))).toEqual([]);
});

test('no file names the address of a package registry, and the lock file names none', () => {
  const registry =
    /registry\.(?:npmjs\.org|yarnpkg\.com)|files\.pythonhosted\.org|pypi\.org\/simple|--(?:extra-)?index-url/;
  const own = ['test/docs/repository.test.ts'];
  expect(text.filter((file) => !own.includes(file) && registry.test(read(file)))).toEqual([]);
  expect(read('package-lock.json')).not.toContain('"resolved": "http');
});

test('no file or folder is a place for the rest', () => {
  const rest = /^(utils?|helpers?|common|shared|misc|lib)$/;
  const outside = projectFiles.filter((file) => !file.startsWith('test/'));
  expect(
    outside.filter((file) => file.split('/').some((part) => rest.test(basename(part).split('.')[0] ?? ''))),
  ).toEqual([]);
});

test('a source file begins with what it owns and has at most 300 lines', () => {
  const sources = projectFiles.filter((file) => file.startsWith('src/') && file.endsWith('.ts'));
  expect(sources.length).toBeGreaterThan(200);
  expect(sources.filter((file) => read(file).trimEnd().split('\n').length > 300)).toEqual([]);
  expect(sources.filter((file) => !read(file).startsWith('/**'))).toEqual([]);
});

test('the tree in the README names every folder, and none that is not there', () => {
  const tree = /```\n(config\/[\s\S]*?)\n```/.exec(read('README.md'))?.[1] ?? '';
  const named = (indent: string) =>
    [...tree.matchAll(new RegExp(`^${indent}([a-z]+)/`, 'gm'))].map(([, name]) => name).sort();
  const folders = (of: string) =>
    [...new Set(projectFiles.filter((file) => file.startsWith(of)).map((file) => file.slice(of.length)))]
      .filter((file) => file.includes('/'))
      .map((file) => file.split('/')[0] ?? '');
  expect(named(' {2}')).toEqual([...new Set(folders('src/'))].sort());
  expect(named('')).toEqual([...new Set(folders(''))].filter((name) => name !== '.ci' && name !== 'bin').sort());
});

test('the six files of the reading order are small', () => {
  const order = read('README.md').split('## Read the code')[1]?.split('```')[0] ?? '';
  const files = [...order.matchAll(/^\d\. \[(\S+)\]/gm)].map(([, file = '']) => file);
  expect(files).toHaveLength(6);
  expect(files.filter((file) => read(file).split('\n').length > 250)).toEqual([]);
});

test('license, package and change log agree', () => {
  expect(JSON.parse(read('package.json'))).toMatchObject({ license: 'Apache-2.0' });
  expect(read('LICENSE')).toContain('Apache License');
  expect(read('CHANGELOG.md')).toContain('## [Unreleased]');
});

test('the example data has its license and origin beside it', () => {
  for (const folder of readdirSync(join(ROOT, 'examples'), { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  )) {
    const about = read(`examples/${folder.name}/README.md`);
    expect(about).toMatch(/License:/);
    expect(about).toMatch(/Source:/);
    expect(read('examples/README.md')).toContain(`(${folder.name}/README.md)`);
  }
});
