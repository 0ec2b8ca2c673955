/** The secret of the hashes in the prediction log: from the environment, else one of this machine's own. Never in the store. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../telemetry/logger.ts';

/** @returns `HONE_LOG_HASH_KEY`, or the key that this cache folder has had since the first start */
export async function hashKey(cacheDir: string, logger: Logger): Promise<string> {
  const given = process.env['HONE_LOG_HASH_KEY'];
  if (given) return given;
  const path = join(cacheDir, 'log-hash-key');
  await mkdir(cacheDir, { recursive: true });
  try {
    await writeFile(path, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    logger.warn(
      {},
      'HONE_LOG_HASH_KEY is not set: hashes in the prediction log use a key of this machine, and will not join with those of others',
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFile(path, 'utf8');
}
