/** Markdown of sections, safe for values that come from data. */
import type { Section } from './sections.ts';

/** Nothing in a value (a slice's name, a comment) may become markup. */
export const plain = (text: string): string =>
  text
    .replace(/[<>]/g, (sign) => (sign === '<' ? '&lt;' : '&gt;'))
    .replace(/[*[\]\\]/g, '\\$&')
    .replace(/\s+/g, ' ');

const cell = (text: string): string => plain(text).replace(/\|/g, '\\|');

export function markdownSection({ title, lines, table }: Section): string {
  const rows = table ? [table.head, table.head.map(() => '---'), ...table.rows.map((row) => row.map(cell))] : [];
  return [
    `## ${title}`,
    ...lines.map((line) => `- ${plain(line)}`),
    ...(rows.length > 0 && lines.length > 0 ? [''] : []),
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}
