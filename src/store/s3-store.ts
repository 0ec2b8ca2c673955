/** Objects in an S3 bucket, of AWS or of any server with conditional writes. Credentials come from the environment. */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type * as Sdk from '@aws-sdk/client-s3';
import { sha256Of, sha256OfFile } from './digest.ts';
import { ObjectMissing, StoreRefused } from './errors.ts';
import { fileError } from './file-errors.ts';
import { checkKey, checkPrefix } from './keys.ts';
import type { LocalFile, ObjectStore } from './object-store.ts';
import { parseS3Address, type S3Address } from './s3-address.ts';
import { judgeFailure, type S3Patience, usualPatience, withAttempts } from './s3-attempts.ts';

/** One PUT carries no more; artefacts and snapshot files of tabular models are far smaller. */
const MAX_OBJECT = 5 * 1024 ** 3;

/** What one try works with. */
interface Try {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  readonly options: { abortSignal: AbortSignal };
  readonly extend: (bytes: number) => void;
}

export class S3Store implements ObjectStore {
  readonly uri: string;
  readonly #address: S3Address;
  readonly #patience: S3Patience;
  #client: Promise<{ sdk: typeof Sdk; client: Sdk.S3Client }> | undefined;

  /** @throws StoreAddressInvalid */
  static at(uri: string, patience: Partial<S3Patience> = {}): S3Store {
    return new S3Store(parseS3Address(uri), { ...usualPatience, ...patience });
  }

  constructor(address: S3Address, patience: S3Patience) {
    this.#address = address;
    this.#patience = patience;
    this.uri = `s3://${address.bucket}${address.prefix ? `/${address.prefix}` : ''}`;
  }

  async get(key: string): Promise<Uint8Array> {
    const body = await this.find(key);
    if (!body) throw new ObjectMissing(this.uri, key);
    return body;
  }

  async find(key: string): Promise<Uint8Array | undefined> {
    return await this.#orMissing(key, 'GET', async ({ sdk, client, options, extend }) => {
      const answer = await client.send(new sdk.GetObjectCommand(this.#at(key)), options);
      extend(answer.ContentLength ?? 0);
      return await answer.Body?.transformToByteArray();
    });
  }

  async create(key: string, body: Uint8Array | LocalFile): Promise<'created' | 'exists'> {
    // Only saves sending a file: a name that is taken stays taken, and the condition decides all the same.
    if (!(body instanceof Uint8Array) && (await this.size(key)) !== undefined) return 'exists';
    try {
      await this.#upload(key, body, { IfNoneMatch: '*' });
      return 'created';
    } catch (error) {
      if (judgeFailure(error) === 'exists') return 'exists';
      throw error;
    }
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#upload(key, body, {});
  }

  async download(key: string, toPath: string): Promise<void> {
    const aside = `${toPath}.${randomUUID()}.part`;
    await mkdir(dirname(toPath), { recursive: true });
    try {
      const found = await this.#orMissing(key, 'GET', async ({ sdk, client, options, extend }) => {
        const answer = await client.send(new sdk.GetObjectCommand(this.#at(key)), options);
        extend(answer.ContentLength ?? 0);
        await pipeline(answer.Body as Readable, createWriteStream(aside));
        return true;
      });
      if (!found) throw new ObjectMissing(this.uri, key);
      await rename(aside, toPath);
    } finally {
      await rm(aside, { force: true });
    }
  }

  async size(key: string): Promise<number | undefined> {
    return await this.#orMissing(key, 'HEAD', async ({ sdk, client, options }) => {
      const answer = await client.send(new sdk.HeadObjectCommand(this.#at(key)), options);
      return answer.ContentLength;
    });
  }

  async writtenAt(key: string): Promise<Date | undefined> {
    return await this.#orMissing(key, 'HEAD', async ({ sdk, client, options }) => {
      const answer = await client.send(new sdk.HeadObjectCommand(this.#at(key)), options);
      return answer.LastModified;
    });
  }

  /** Another text whenever the object was written anew; undefined when there is none. */
  async tag(key: string): Promise<string | undefined> {
    return await this.#orMissing(key, 'HEAD', async ({ sdk, client, options }) => {
      const answer = await client.send(new sdk.HeadObjectCommand(this.#at(key)), options);
      return `${answer.ETag} ${answer.ContentLength} ${answer.LastModified?.toISOString()}`;
    });
  }

  async *list(prefix: string, options: { after?: string } = {}): AsyncIterable<string> {
    const { bucket, prefix: root } = this.#address;
    const lead = root ? `${root}/` : '';
    const query = {
      Bucket: bucket,
      Prefix: lead + checkPrefix(prefix),
      ...(options.after ? { StartAfter: lead + options.after } : {}),
    };
    let token: string | undefined;
    do {
      const page = await this.#attempt(prefix, 'LIST', ({ sdk, client, options: sending }) =>
        client.send(new sdk.ListObjectsV2Command({ ...query, ContinuationToken: token }), sending),
      ).catch((error: unknown) => {
        throw this.#absent(prefix, 'LIST', error);
      });
      for (const { Key } of page.Contents ?? []) if (Key && !Key.endsWith('/')) yield Key.slice(lead.length);
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token);
  }

  async remove(key: string): Promise<void> {
    await this.#orMissing(key, 'DELETE', async ({ sdk, client, options }) => {
      await client.send(new sdk.DeleteObjectCommand(this.#at(key)), options);
      return true;
    });
  }

  #at(key: string): { Bucket: string; Key: string } {
    const { bucket, prefix } = this.#address;
    return { Bucket: bucket, Key: prefix ? `${prefix}/${checkKey(key)}` : checkKey(key) };
  }

  /** The digest goes along, so a body that is torn or changed on the way is refused by the server. */
  async #upload(key: string, body: Uint8Array | LocalFile, condition: { IfNoneMatch?: string }): Promise<void> {
    const at = this.#at(key);
    const isBytes = body instanceof Uint8Array;
    try {
      const bytes = isBytes ? body.byteLength : (await stat(body.path)).size;
      if (bytes > MAX_OBJECT) {
        throw new StoreRefused(this.uri, `PUT "${key}"`, `${bytes} bytes are more than the 5 GiB of one PUT`);
      }
      const hex = isBytes ? sha256Of(body) : await sha256OfFile(body.path);
      const put = {
        ...at,
        ...condition,
        ContentLength: bytes,
        ChecksumSHA256: Buffer.from(hex, 'hex').toString('base64'),
      };
      await this.#attempt(key, 'PUT', async ({ sdk, client, options, extend }) => {
        extend(bytes);
        const Body = isBytes ? body : createReadStream(body.path);
        await client.send(new sdk.PutObjectCommand({ ...put, Body }), options);
      });
    } catch (error) {
      if (judgeFailure(error) === 'exists') throw error;
      throw this.#absent(key, 'PUT', error);
    }
  }

  async #orMissing<T>(key: string, action: string, work: (attempt: Try) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#attempt(key, action, work);
    } catch (error) {
      if (judgeFailure(error) === 'missing') return undefined;
      throw fileError(this.uri, `${action} "${key}"`, error);
    }
  }

  #absent(key: string, action: string, error: unknown): Error {
    if (judgeFailure(error) !== 'missing') return fileError(this.uri, `${action} "${key}"`, error);
    return new StoreRefused(this.uri, `${action} "${key}"`, 'the bucket does not exist (HTTP 404)', { cause: error });
  }

  async #attempt<T>(key: string, action: string, work: (attempt: Try) => Promise<T>): Promise<T> {
    const where = { uri: this.uri, key, action: `${action} "${key}"` };
    return await withAttempts(
      where,
      this.#patience,
      async (abortSignal, extend) => {
        const { sdk, client } = await this.#connected();
        return await work({ sdk, client, options: { abortSignal }, extend });
      },
      () => {
        this.#client = undefined;
      },
    );
  }

  /** Loaded on first use: commands on a local folder do not pay for it. */
  #connected() {
    this.#client ??= connect(this.#address).catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }
}

const nothing = () => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

async function connect({ endpoint, region }: S3Address) {
  // Its note about coming Node versions is for whoever upgrades it, not for each command's output.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    maxAttempts: 1, // the tries are ours: counted, bounded in time, and told apart by what was answered
    ...(endpoint ? { endpoint, forcePathStyle: true, region: region ?? 'us-east-1' } : region ? { region } : {}),
    requestHandler: { connectionTimeout: 5000 },
    logger: silent, // without one it writes to the console; failures are told by our errors
  });
  return { sdk, client };
}
