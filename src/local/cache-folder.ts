/** Where hone keeps what it obtains for itself: the user's cache folder, never the clone. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `$XDG_CACHE_HOME/hone`, or `~/.cache/hone`; a relative `XDG_CACHE_HOME` is ignored, as its specification says. */
export function honeCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.cache'), 'hone');
}
