/**
 * Writes the pages of docs/reference that are made from code: `npm run docs:reference`. With `--check` nothing is written,
 * and it ends with 1 where a page is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandsPage } from './commands.ts';
import { httpPage } from './http.ts';
import { settingsPage } from './settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages: Readonly<Record<string, string>> = {
  'settings.md': await settingsPage(root),
  'commands.md': commandsPage(root),
  'http.md': await httpPage(),
};
const marked = (text: string): string => `<!-- Written by \`npm run docs:reference\`. Do not edit. -->\n${text}`;

const stale = Object.entries(pages).filter(([name, text]) => standing(name) !== marked(text));
if (process.argv.includes('--check')) {
  const names = stale.map(([name]) => `docs/reference/${name}`).join(', ');
  if (stale.length > 0)
    process.stderr.write(`Stale: ${names}. Run \`npm run docs:reference\` and commit what it writes.\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [name, text] of stale) writeFileSync(file(name), marked(text));
}

function file(name: string): string {
  return fileURLToPath(new URL(`../reference/${name}`, import.meta.url));
}

function standing(name: string): string | null {
  try {
    return readFileSync(file(name), 'utf8');
  } catch {
    return null;
  }
}
