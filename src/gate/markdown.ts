/** Markdown of sections, safe for values that come from data. */
import type { Section } from './sections.ts';

/** Nothing in a value (a slice's name, a comment) may become markup. */
export const plain = (text: string): string =>
  text
    .replace(/[<>]/g, (sign) => (sign === '<' ? '&lt;' : '&gt;'))
    .replace(/[*[\]\\]/g, '\\$&')
    .replace(/\s+/g, ' ');

/** Temporal's page draws tables without any space between columns: a value brings its own. */
const SPACE = '\u00a0\u00a0';

const cell = (text: string): string => plain(text).replace(/\|/g, '\\|') + SPACE;
/** A drawing in characters stays one: as code, where no font and no typography moves it. */
const drawn = (text: string): string => `\`${text.replace(/[`|]/g, ' ')}\`${SPACE}`;

export function markdownSection({ title, lines, table }: Section): string {
  const rows = table
    ? [
        table.head.map(cell),
        table.head.map(() => '---'),
        ...table.rows.map((row) => row.map((text, i) => (table.drawn === i ? drawn(text) : cell(text)))),
      ]
    : [];
  return [
    `## ${title}`,
    ...lines.map((line) => `- ${plain(line)}`),
    ...(rows.length > 0 && lines.length > 0 ? [''] : []),
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}
