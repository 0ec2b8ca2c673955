/**
 * Objects as files in one folder. Safe for many processes on one file system, with no lock files: an object is written
 * aside, flushed, and given its name by `link()`, which fails when the name is taken. A dead writer leaves at most a
 * file under `.aside`.
 */
import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ObjectMissing, StoreRefused, StoreWithoutConditionalCreate } from './errors.ts';
import { errnoOf, fileError } from './file-errors.ts';
import { checkKey, checkPrefix } from './keys.ts';
import type { LocalFile, ObjectStore } from './object-store.ts';

/** Keys never start with a dot, so no list and no key reaches it. */
const ASIDE = '.aside';
/** Older files aside belong to writers that died; no write takes this long. */
const ABANDONED_MS = 24 * 3_600_000;

export class FilesystemStore implements ObjectStore {
  readonly uri: string;
  readonly #root: string;
  #ready: Promise<void> | undefined;

  /** @param folder is made on the first write; reading from a folder that does not exist finds nothing */
  constructor(folder: string) {
    this.#root = resolve(folder);
    this.uri = pathToFileURL(this.#root).href;
  }

  async get(key: string): Promise<Uint8Array> {
    const body = await this.find(key);
    if (!body) throw new ObjectMissing(this.uri, key);
    return body;
  }

  async find(key: string): Promise<Uint8Array | undefined> {
    return await this.#do(`reading "${checkKey(key)}"`, () => absentIsUndefined(readFile(this.#path(key))));
  }

  async create(key: string, body: Uint8Array | LocalFile): Promise<'created' | 'exists'> {
    const path = this.#path(checkKey(key));
    return await this.#do(`creating "${key}"`, async () => {
      // Only saves the copy: names are never freed, so what exists now exists at link() too.
      const taken = (await absentIsUndefined(lstat(path)))?.isFile();
      const aside = taken ? undefined : await this.#writeAside(body);
      try {
        if (aside) await makeFolders(dirname(path));
        const outcome = aside ? await this.#giveName(aside, path, key) : 'exists';
        // Also when it exists: its writer may have died between link() and this flush, and the caller will rely on it.
        await flushFolder(dirname(path));
        return outcome;
      } finally {
        if (aside) await unlink(aside).catch(() => undefined);
      }
    });
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    const path = this.#path(checkKey(key));
    await this.#do(`writing "${key}"`, async () => {
      const aside = await this.#writeAside(body);
      try {
        await makeFolders(dirname(path));
        await rename(aside, path);
      } catch (error) {
        await unlink(aside).catch(() => undefined);
        throw error;
      }
    });
  }

  async download(key: string, toPath: string): Promise<void> {
    const from = this.#path(checkKey(key));
    if ((await this.size(key)) === undefined) throw new ObjectMissing(this.uri, key);
    await this.#do(`copying "${key}" to a local file`, async () => {
      const aside = `${toPath}.${randomUUID()}.part`;
      await mkdir(dirname(toPath), { recursive: true });
      try {
        await copyFile(from, aside, constants.COPYFILE_FICLONE);
        await rename(aside, toPath);
      } catch (error) {
        await unlink(aside).catch(() => undefined);
        throw error;
      }
    });
  }

  async size(key: string): Promise<number | undefined> {
    return await this.#do(`looking at "${checkKey(key)}"`, async () => {
      const found = await absentIsUndefined(stat(this.#path(key)));
      return found?.isFile() ? found.size : undefined;
    });
  }

  async writtenAt(key: string): Promise<Date | undefined> {
    return await this.#do(`looking at "${checkKey(key)}"`, async () => {
      const found = await absentIsUndefined(stat(this.#path(key)));
      return found?.isFile() ? found.mtime : undefined;
    });
  }

  async *list(prefix: string, options: { after?: string } = {}): AsyncIterable<string> {
    checkPrefix(prefix);
    yield* this.#walk(prefix, options.after ?? '');
  }

  async remove(key: string): Promise<void> {
    await this.#do(`removing "${checkKey(key)}"`, () => absentIsUndefined(unlink(this.#path(key))));
  }

  #path(key: string): string {
    return join(this.#root, ...key.split('/'));
  }

  async #writeAside(body: Uint8Array | LocalFile): Promise<string> {
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    await this.#ready;
    const aside = join(this.#root, ASIDE, randomUUID());
    try {
      if (!(body instanceof Uint8Array)) await copyFile(body.path, aside, constants.COPYFILE_FICLONE);
      const file = await open(aside, body instanceof Uint8Array ? 'wx' : 'r+');
      try {
        if (body instanceof Uint8Array) await file.writeFile(body);
        await file.sync();
      } finally {
        await file.close();
      }
      return aside;
    } catch (error) {
      await unlink(aside).catch(() => undefined);
      throw error;
    }
  }

  async #giveName(aside: string, path: string, key: string): Promise<'created' | 'exists'> {
    try {
      await link(aside, path);
      return 'created';
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'EEXIST') {
        if ((await lstat(path)).isFile()) return 'exists';
        throw new StoreRefused(this.uri, `creating "${key}"`, 'the key is a folder that holds other objects');
      }
      if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS') {
        throw new StoreWithoutConditionalCreate(this.uri, `its file system has no hard links (${code})`);
      }
      throw error;
    }
  }

  /** Depth first, in the order of whole keys, so a folder sorts as if its name ended in "/". */
  async *#walk(prefix: string, after: string): AsyncIterable<string> {
    const folder = prefix === '' ? this.#root : this.#path(prefix.slice(0, -1));
    const children = await this.#do(`listing "${prefix}"`, () =>
      absentIsUndefined(readdir(folder, { withFileTypes: true })),
    );
    const keys = (children ?? []).filter((child) => !child.name.startsWith('.')).map((child) => keyOf(prefix, child));
    for (const key of keys.sort(inKeyOrder)) {
      if (!key.endsWith('/')) {
        if (key > after) yield key;
      } else if (key > after || after.startsWith(key)) {
        yield* this.#walk(key, after);
      }
    }
  }

  async #prepare(): Promise<void> {
    const folder = join(this.#root, ASIDE);
    await makeFolders(folder);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const found = await absentIsUndefined(stat(path));
      if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await unlink(path).catch(() => undefined);
    }
  }

  async #do<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fileError(this.uri, action, error);
    }
  }
}

const keyOf = (prefix: string, child: Dirent): string => `${prefix}${child.name}${child.isDirectory() ? '/' : ''}`;

const inKeyOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function absentIsUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Makes a folder with its parents and flushes every folder that got a new name, or a crash could lose the whole path. */
async function makeFolders(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (!first) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await flushFolder(dirname(made));
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
