/** Turns the operating system's errors into the store's own. */
import { HoneError } from '../errors.ts';
import { StoreFull, StoreRefused, StoreUnreachable } from './errors.ts';

/** The `code` of a system error such as `ENOENT`, if it is one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** @returns the error to throw; errors that are hone's already pass through */
export function fileError(uri: string, action: string, error: unknown): Error {
  if (error instanceof HoneError) return error;
  const code = errnoOf(error);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StoreFull(uri, action, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StoreRefused(uri, action, `the file system allows no access (${code})`, { cause: error });
    case 'EEXIST':
    case 'ENOTDIR':
      return new StoreRefused(uri, action, 'a part of the key is an object already, so it cannot be a folder', {
        cause: error,
      });
    case 'ENOENT':
      return new StoreRefused(uri, action, 'the local file or folder that it needs does not exist', { cause: error });
    case undefined:
      return error instanceof Error ? error : new Error(String(error));
    default:
      return new StoreUnreachable(uri, action, `the file system answered ${code}`, { cause: error });
  }
}
