/** The packet for people: Markdown for Temporal's page and mail, plain text for the terminal. One data object, two looks. */
import type { Packet } from './contract.ts';
import { markdownSection, plain } from './markdown.ts';
import { replyJson } from './packet.ts';
import { sections } from './sections.ts';

/** Temporal's current details are to stay under 20,000 bytes. */
const LIMIT = 20_000;
/** What the desk says beside the packet there: last messages, and how to decide. */
const OF_THE_DESK = 5_000;

/**
 * @param options.onDesk the desk itself says how to decide on it, in the room that is left
 * @returns Markdown under 20 kB: where a packet is longer, whole sections are left out from the end, and that is said
 */
export function packetMarkdown(packet: Packet, { onDesk = false }: { onDesk?: boolean } = {}): string {
  const head = `# ${plain(packet.question)}\n\n**${plain(packet.gate.sentence)}**`;
  const foot = onDesk ? `Packet digest \`${packet.digest}\`.` : decideMarkdown(packet, replyJson(packet));
  const limit = onDesk ? LIMIT - OF_THE_DESK : LIMIT;
  const all = sections(packet).map(markdownSection);
  for (let kept = all.length; kept >= 0; kept--) {
    const missing = all.length - kept;
    const note =
      missing > 0 ? [`${missing} sections are left out here; \`hone packet show ${packet.run}\` has them all.`] : [];
    const text = `${[head, ...all.slice(0, kept), ...note, foot].join('\n\n')}\n`;
    if (Buffer.byteLength(text) < limit) return text;
  }
  return `${foot}\n`;
}

function decideMarkdown(packet: Packet, reply: string): string {
  return [
    '## Decide',
    'Send the signal `approve` (or `reject`, with the reason as comment) with exactly this, your name filled in:',
    '```json',
    reply,
    '```',
    `Or run \`hone approve ${packet.run} --packet ${packet.short} --by <you>\`. Packet digest \`${packet.digest}\`.`,
  ].join('\n');
}

/** The same sections as plain lines, tables in columns that line up. */
export function packetText(packet: Packet): string {
  const body = sections(packet).map(({ title, lines, table }) =>
    [
      title.toUpperCase(),
      ...lines.map((line) => `  ${printable(line)}`),
      ...(table ? aligned([table.head, ...table.rows.map((row) => row.map(printable))]) : []),
    ].join('\n'),
  );
  const foot = [
    'DECIDE',
    `  hone approve ${packet.run} --packet ${packet.short} --by <you>`,
    `  ${replyJson(packet)}`,
    `  packet digest ${packet.digest}`,
  ].join('\n');
  return `${[printable(packet.question), printable(packet.gate.sentence), ...body, foot].join('\n\n')}\n`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => row.map((text, column) => text.padEnd(widths[column]!)).join('  ');
  return rows.map((row) => `  ${line(row).trimEnd()}`);
}

/** Values from data may carry control characters, which a terminal would obey. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
