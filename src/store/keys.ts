/** Which keys an object may have: checked by every store before anything leaves the process. */
import { ObjectKeyRefused } from './errors.ts';

/** S3 allows 1,024 bytes; some of it is the prefix. */
const MAX_KEY = 900;
/** File systems allow 255 bytes a name; the temporary name beside it needs some. */
const MAX_SEGMENT = 200;

const segmentShape = /^[A-Za-z0-9._\-=@+]+$/;

/**
 * @returns the key itself when it is allowed
 * @throws ObjectKeyRefused for anything that could leave the prefix or that two stores would spell differently: `..`,
 * absolute, back-slashes, percent signs (so encoded and doubly encoded dots), control and non-ASCII characters
 */
export function checkKey(key: string): string {
  const problem = problemOf(key);
  if (problem) throw new ObjectKeyRefused(key, problem);
  return key;
}

/** As `checkKey`, for the prefix of a list: `''` or segments that end in `/`. */
export function checkPrefix(prefix: string): string {
  if (prefix === '') return prefix;
  if (!prefix.endsWith('/')) throw new ObjectKeyRefused(prefix, 'a prefix ends in "/"');
  checkKey(prefix.slice(0, -1));
  return prefix;
}

function problemOf(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (key.length > MAX_KEY) return `it has ${key.length} characters, more than ${MAX_KEY}`;
  if (key.startsWith('/')) return 'it is absolute';
  for (const segment of key.split('/')) {
    if (segment === '') return 'it has an empty segment';
    if (segment === '.' || segment === '..') return `the segment "${segment}" could leave the folder`;
    if (segment.length > MAX_SEGMENT) return `a segment has ${segment.length} characters, more than ${MAX_SEGMENT}`;
    if (segment.startsWith('.')) return 'segments that start with a dot are kept for temporary files';
    if (!segmentShape.test(segment))
      return `the segment ${JSON.stringify(segment)} has characters that are not allowed`;
  }
  return undefined;
}
