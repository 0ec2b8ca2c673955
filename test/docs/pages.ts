/** The project's Markdown pages, taken apart: fenced blocks, links, headings. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../config/workspace.ts';

/** Files that belong to the project, whether committed yet or not. */
export const projectFiles: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard'],
  { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 },
)
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));

export const pages: readonly string[] = projectFiles.filter((file) => file.endsWith('.md'));

export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

export interface Block {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** First word after the fence: `sh`, `json`, `yaml`. */
  readonly language: string;
  /** The rest of that line: what the block is an example of. */
  readonly tag: string;
  readonly text: string;
}

export function blocksOf(page: string): Block[] {
  const found: Block[] = [];
  let open: { line: number; indent: string; info: string; body: string[] } | null = null;
  for (const [i, text] of read(page).split('\n').entries()) {
    const fence = /^(\s*)```(.*)$/.exec(text);
    if (fence && open) {
      const [language = '', ...tag] = open.info.split(' ');
      found.push({ page, line: open.line, language, tag: tag.join(' '), text: open.body.join('\n') });
      open = null;
    } else if (fence) open = { line: i + 1, indent: fence[1] ?? '', info: (fence[2] ?? '').trim(), body: [] };
    else if (open) open.body.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text);
  }
  if (open) throw new Error(`${page}:${open.line}: the block is not closed`);
  return found;
}

export const blocks: readonly Block[] = pages.flatMap(blocksOf);

/** Text outside of fenced blocks, lines kept. */
export function prose(page: string): string {
  return read(page).replace(/^(\s*)```[\s\S]*?^\s*```$/gm, (block) => block.replace(/[^\n]/g, ''));
}

/** Anchors that the page's headings have, as GitHub makes them. */
export function anchorsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
