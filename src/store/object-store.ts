/**
 * The one place where bytes are kept: a folder or an S3 bucket, with the same promises from both.
 *
 * Keys are `/`-separated, never start or end with `/`, and no key is also a prefix of another (a folder cannot be a
 * file). Allowed characters in a segment: letters, digits, `.`, `_`, `-`, `=`, `@`, `+`; never one that starts
 * with `.`.
 */
export interface ObjectStore {
  /** For people: `file:///…` or `s3://bucket/prefix`, without secrets. */
  readonly uri: string;

  /** @throws ObjectMissing when there is none */
  get(key: string): Promise<Uint8Array>;

  /** @returns undefined when there is none */
  find(key: string): Promise<Uint8Array | undefined>;

  /**
   * Creates the object only if there is none (`If-None-Match: *`), atomically and durably.
   *
   * A retry after a lost answer sees `exists`: the caller reads back and compares (the ledger does, by `effectId`).
   */
  create(key: string, body: Uint8Array | LocalFile): Promise<'created' | 'exists'>;

  /** Replaces the object, atomically. Only for what is not truth: beats, leases, hints, the logical clock. */
  put(key: string, body: Uint8Array): Promise<void>;

  /** Streams the object into a local file (written aside, then renamed). @throws ObjectMissing */
  download(key: string, toPath: string): Promise<void>;

  size(key: string): Promise<number | undefined>;

  /** When it was written, by the clock of the store; undefined when there is none. Never for policy of models. */
  writtenAt(key: string): Promise<Date | undefined>;

  /** Keys under a prefix (which ends in `/`) in ascending order; `after` is exclusive. Never used as truth. */
  list(prefix: string, options?: { after?: string }): AsyncIterable<string>;

  /** No error when there is none. */
  remove(key: string): Promise<void>;
}

/** A body that is a file on this machine. */
export interface LocalFile {
  readonly path: string;
}
