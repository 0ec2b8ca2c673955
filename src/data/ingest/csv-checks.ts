/**
 * CSV is read strictly and never guessed row by row: one header, one delimiter, quotes closed, every row as wide as the
 * header. The engine's own guessing would skip what it cannot fit; here the first lines that do not fit are named.
 */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { Source } from '../../config/sections/sources.ts';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { quoteText } from '../sql-text.ts';
import { SourceUnreadable } from './errors.ts';
import { withoutRows } from './file-checks.ts';
import type { SourceFile } from './source-files.ts';

/** A header longer than this is none. */
const MAX_HEADER = 1 << 20;
const MAX_LINES = 20;
const CURE = 'Mend these lines and deliver the file again.';

export type CsvWish = Pick<Extract<Source, { type: 'csv' }>, 'delimiter' | 'decimal' | 'encoding'>;

/** What the model file says about text, where its type of source can. */
export function textWish(source: Source): CsvWish {
  return source.type === 'csv' || source.type === 'sql' ? source : {};
}

/** How `read_csv` is told to read: `delim`, quotes and the rest, without types. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly options: string;
}

/**
 * Reads the whole file once as text.
 *
 * @param wish what the model file says; the delimiter is otherwise the one that the header has most of
 * @throws SourceUnreadable with the numbers of the first lines that are wrong
 */
export async function checkCsv(db: Connection, file: SourceFile, wish: CsvWish): Promise<CsvDialect> {
  const { encoding = 'utf-8', decimal } = wish;
  const header = await headerOf(file, encoding);
  if (encoding === 'latin-1' && header.startsWith('\u00ef\u00bb\u00bf')) {
    const problem = 'it begins with the byte order mark of UTF-8, and the model file says encoding: latin-1';
    throw new SourceUnreadable(file.origin, problem, 'Leave data.source.encoding out, or deliver what it says.');
  }
  const delimiter = wish.delimiter ?? likeliestDelimiter(header);
  const columns = columnsOf(header, delimiter);
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new SourceUnreadable(file.origin, `line 1 names the column "${twice}" twice`, 'Give each column one name.');
  }
  const options = dialect(delimiter, encoding, decimal);
  const types = columns.map((name) => `${quoteText(name)}: 'VARCHAR'`).join(', ');
  const text = `read_csv(${quoteText(file.path)}, columns = {${types}}, auto_detect = false, ${options}`;
  const commas = columns.map((_, i) => `count(*) FILTER (${decimalComma(`#${i + 1}`)}) AS c${i}`);
  const scan = `SELECT count(*) AS n${decimal === undefined ? `, ${commas.join(', ')}` : ''} FROM ${text}`;
  const [found = {}] = await scanned(db, file, `${scan}, store_rejects = true, rejects_limit = 1000)`);
  await refuseRejected(db, file);
  if (Number(found['n']) === 0) throw withoutRows(file.origin);
  const comma = columns.findIndex((_, i) => Number(found[`c${i}`] ?? 0) > 0);
  if (comma >= 0) await refuseDecimalComma(db, file, columns, comma, options);
  return { delimiter, options };
}

async function scanned(db: Connection, { origin }: SourceFile, sql: string): Promise<Record<string, unknown>[]> {
  await db.run('DROP TABLE IF EXISTS reject_errors');
  await db.run('DROP TABLE IF EXISTS reject_scans');
  try {
    return await rowsOf(db, sql);
  } catch (error) {
    if (!isEngineError(error) || !error.message.includes('invalid state')) throw error;
    const problem = 'it mixes line ends (some lines end in \\r\\n, some in \\n)';
    throw new SourceUnreadable(origin, problem, 'Write it with one kind of line end.', { cause: error });
  }
}

const words: Record<string, string> = {
  'MISSING COLUMNS': 'too few columns',
  'TOO MANY COLUMNS': 'too many columns',
  'UNQUOTED VALUE': 'a quote that is not closed',
  'INVALID ENCODING': 'bytes that are no UTF-8',
  'LINE SIZE OVER MAXIMUM': 'more than 2,000,000 bytes',
};

async function refuseRejected(db: Connection, { origin }: SourceFile): Promise<void> {
  const rows = await rowsOf(
    db,
    `SELECT error_type::VARCHAR AS kind, list(DISTINCT line ORDER BY line) AS lines, min(line) AS first
     FROM reject_errors GROUP BY 1 ORDER BY first`,
  );
  if (rows.length === 0) return;
  const problems = rows.map(({ kind, lines }) => {
    const numbers = lines as unknown[];
    const more = numbers.length > MAX_LINES ? ` and ${numbers.length - MAX_LINES} more` : '';
    const which = `${numbers.length === 1 ? 'line' : 'lines'} ${numbers.slice(0, MAX_LINES).join(', ')}${more}`;
    return `${which}: ${words[String(kind)] ?? String(kind).toLowerCase()}`;
  });
  const encoded = rows.some(({ kind }) => kind === 'INVALID ENCODING');
  const cure = encoded ? 'Deliver it in UTF-8, or say `encoding: latin-1` under data.source.' : CURE;
  throw new SourceUnreadable(origin, problems.join('; '), cure);
}

/** The engine is made to fail on this column as a number, because its refusals carry line numbers. */
async function refuseDecimalComma(
  db: Connection,
  file: SourceFile,
  columns: readonly string[],
  at: number,
  options: string,
) {
  const types = columns.map((name, i) => `${quoteText(name)}: ${i === at ? "'DOUBLE'" : "'VARCHAR'"}`).join(', ');
  const numbers = `read_csv(${quoteText(file.path)}, columns = {${types}}, auto_detect = false, ${options}`;
  await scanned(db, file, `SELECT count(#${at + 1}) FROM ${numbers}, store_rejects = true, rejects_limit = 1000)`);
  const [found] = await rowsOf(
    db,
    `SELECT line, regexp_extract(error_message, '"([+-]?\\d+,\\d+)" to', 1) AS value FROM reject_errors
     WHERE error_type = 'CAST' AND value <> '' ORDER BY line LIMIT 1`,
  );
  const such = found ? `, such as ${String(found['value'])} in line ${String(found['line'])}` : '';
  throw new SourceUnreadable(
    file.origin,
    `column "${columns[at]}" has numbers with a comma${such}`,
    'Say `decimal: ","` under data.source where commas are decimal points, or `decimal: "."` where this is text.',
  );
}

function decimalComma(value: string): string {
  return `contains(${value}, ',') AND regexp_full_match(${value}, '[+-]?\\d+,\\d+')`;
}

/** Text of the first record, without a byte order mark. */
async function headerOf({ path, origin }: SourceFile, encoding: string): Promise<string> {
  const raw = createReadStream(path);
  const stream = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  const decoder = new TextDecoder(encoding === 'latin-1' ? 'latin1' : encoding === 'utf-16' ? 'utf-16le' : 'utf-8');
  let header = '';
  let quoted = false;
  try {
    for await (const part of stream) {
      const text = decoder.decode(part as Buffer, { stream: true });
      for (let at = 0; at < text.length; at++) {
        if (text[at] === '"') quoted = !quoted;
        if (!quoted && (text[at] === '\n' || text[at] === '\r')) return header + text.slice(0, at);
      }
      header += text;
      if (header.length > MAX_HEADER) break;
    }
  } catch (error) {
    const problem = `it cannot be unpacked (${engineSentence(error)})`;
    throw new SourceUnreadable(origin, problem, 'Deliver it again.', { cause: error });
  } finally {
    raw.destroy();
  }
  if (header.length <= MAX_HEADER && !quoted) return header;
  throw new SourceUnreadable(origin, 'line 1: no end of the header is found (a quote that is not closed?)', CURE);
}

function likeliestDelimiter(header: string): string {
  const outside = header.replaceAll(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((mark) => [mark, outside.split(mark).length] as const);
  return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

/** Names as the engine would give them; one without a name is `column<index>`. */
function columnsOf(header: string, delimiter: string): string[] {
  const names: string[] = [];
  let name = '';
  let quoted = false;
  for (const letter of `${header}${delimiter}`) {
    if (letter === '"') quoted = !quoted;
    if (letter !== delimiter || quoted) {
      name += letter;
      continue;
    }
    const trimmed = name.trim();
    const plain = /^".*"$/s.test(trimmed) ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
    names.push(plain || `column${names.length}`);
    name = '';
  }
  return names;
}

function dialect(delimiter: string, encoding: string, decimal: string | undefined): string {
  const numbers = decimal === undefined ? '' : `, decimal_separator = ${quoteText(decimal)}`;
  return `header = true, skip = 0, delim = ${quoteText(delimiter)}, quote = '"', escape = '"', comment = '', strict_mode = true, encoding = ${quoteText(encoding)}${numbers}`;
}
