/** JSON that may be none: written by other programs, or cut off in the middle. */

/** Undefined where it is no JSON. */
export function parseJson(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
