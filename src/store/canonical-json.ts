/** One spelling for one value, so that equal documents have equal bytes and digests (as RFC 8785, JCS). */

/**
 * JSON with keys sorted by UTF-16 code units and no white space. Properties that are `undefined` are left out, as
 * `JSON.stringify` does.
 *
 * @throws TypeError for what JSON cannot carry faithfully: NaN, infinities, bigint, functions, symbols, undefined items
 */
export function canonicalJson(value: unknown): string {
  return write(value, '$');
}

function write(value: unknown, path: string): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which JSON cannot carry; use null`);
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : writeObject(value, path);
    default:
      throw new TypeError(`${path} is a ${typeof value}, which JSON cannot carry`);
  }
}

function writeObject(value: object, path: string): string {
  if ('toJSON' in value && typeof value.toJSON === 'function') return write(value.toJSON(), path);
  if (Array.isArray(value)) return `[${value.map((item, i) => write(item, `${path}[${i}]`)).join(',')}]`;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${write(field, `${path}.${key}`)}`).join(',')}}`;
}
