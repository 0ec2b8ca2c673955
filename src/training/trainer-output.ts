/** Takes what a trainer prints, however much and whatever it is, and keeps a bounded, readable part of it. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';
import { type TrainerLine, trainerLine } from './contract.ts';

const longestLine = 16_384;
/** Lines are joined again in messages and pages: more of one says nothing more. */
const longestMessage = 2_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Printable text: escape sequences, control and direction characters gone, tabs and line breaks as spaces, at most 2,000 characters. */
export function sanitise(text: string): string {
  const plain = stripVTControlCharacters(text)
    .replace(/[\t\r\n]+/g, ' ')
    .replace(unprintable, '');
  return plain.length > longestMessage ? `${plain.slice(0, longestMessage)}…` : plain;
}

/** A line of the contract, or undefined for any other text. Messages in it are sanitised. */
export function parseLine(line: string): TrainerLine | undefined {
  if (!line.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = trainerLine.safeParse(value);
  if (!parsed.success) return undefined;
  const found = parsed.data;
  return found.type === 'progress' ? found : { ...found, message: sanitise(found.message) };
}

/**
 * Calls `onLine` for each line of a stream, cut to 16,384 characters. Never holds more than that: a program that prints
 * a gigabyte without a line break costs no memory.
 *
 * @returns resolves at the end of the stream
 */
export function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let held = '';
  const take = (text: string) => {
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      onLine((held + text.slice(from, Math.min(at, from + longestLine))).slice(0, longestLine));
      held = '';
      from = at + 1;
    }
    if (held.length < longestLine) held = (held + text.slice(from, from + longestLine)).slice(0, longestLine);
  };
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
    stream.once('close', () => {
      if (held !== '') onLine(held);
      resolve();
    });
    stream.once('error', () => undefined); // 'close' follows
  });
}
