/** What can go wrong between hone and the place where bytes are kept. Messages never carry credentials. */
import { type ExitCode, HoneError } from '../errors.ts';

/** There is no object under a key that something refers to. */
export class ObjectMissing extends HoneError {
  readonly code = 'HONE_OBJECT_MISSING';
  readonly retryable = false;

  constructor(uri: string, key: string) {
    super(
      `There is no object "${key}" in ${uri}, although something refers to it. Nothing was changed. ` +
        'It was removed behind hone, or the store in config/hone.yaml is not the one it was written to: ' +
        'check `store`, or restore the object from a backup.',
    );
  }
}

/** An object's bytes are not those that were written: never used, not even "best effort". */
export class ObjectCorrupt extends HoneError {
  readonly code = 'HONE_OBJECT_CORRUPT';
  readonly retryable = false;

  constructor(uri: string, key: string, problem: string, options?: ErrorOptions) {
    super(
      `"${key}" in ${uri} is not what was written: ${problem}. It was not used and nothing was changed. ` +
        'Restore the object from a backup, or make it again with a new run.',
      options,
    );
  }
}

/** Another content already stands under a key that is written once. */
export class ObjectConflict extends HoneError {
  readonly code = 'HONE_OBJECT_CONFLICT';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 6;

  constructor(uri: string, key: string, expected: string, found: string) {
    super(
      `"${key}" in ${uri} already holds other content (sha256 ${found.slice(0, 12)}…; ours ${expected.slice(0, 12)}…). ` +
        'Objects are written once, so it stays as it is. Someone else wrote it first: read it and decide again.',
    );
  }
}

/** A key that could leave its folder, or that stores spell differently, is refused before anything is sent. */
export class ObjectKeyRefused extends HoneError {
  readonly code = 'HONE_OBJECT_KEY_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(key: string, problem: string) {
    super(
      `The object key ${JSON.stringify(key.length > 120 ? `${key.slice(0, 120)}…` : key)} is refused: ${problem}. ` +
        'Nothing was read or written. Use segments of letters, digits and . _ - = @ + joined by single slashes.',
    );
  }
}

/** `store:` in the configuration cannot be understood. */
export class StoreAddressInvalid extends HoneError {
  readonly code = 'HONE_STORE_ADDRESS_INVALID';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(uri: string, problem: string) {
    super(
      `The store address "${uri}" cannot be used: ${problem}. Nothing was read or written. Write file:<folder> or ` +
        's3://<bucket>/<prefix>?endpoint=<url>&region=<region> under `store` in config/hone.yaml.',
    );
  }
}

/** No usable answer within the retries: network, overload or a hung socket. The same call may succeed later. */
export class StoreUnreachable extends HoneError {
  readonly code = 'HONE_STORE_UNREACHABLE';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;

  constructor(uri: string, action: string, problem: string, options?: ErrorOptions) {
    super(
      `${uri} did not answer ${action}: ${problem}. Whether that call took effect is not known; hone reads back before ` +
        'it decides. Check the network and the store, then try again.',
      options,
    );
  }
}

/** The store answered, and said no: credentials, rights, a missing bucket, a read-only folder. */
export class StoreRefused extends HoneError {
  readonly code = 'HONE_STORE_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 69;

  constructor(uri: string, action: string, problem: string, options?: ErrorOptions) {
    super(
      `${uri} refused ${action}: ${problem}. Nothing was changed. Check that the bucket or folder exists and that the ` +
        'credentials in the environment may do this, then start it again.',
      options,
    );
  }
}

/** The disk is full: the same call may succeed on another machine or after room was made. */
export class StoreFull extends HoneError {
  readonly code = 'HONE_STORE_FULL';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;

  constructor(uri: string, action: string, options?: ErrorOptions) {
    super(
      `There is no room left for ${action} in ${uri}. The half-written part was removed and nothing was changed. ` +
        'Make room, then try again.',
      options,
    );
  }
}

/** The store lets two writers both "create" one object: hone would lose changes, so it does not start. */
export class StoreWithoutConditionalCreate extends HoneError {
  readonly code = 'HONE_STORE_WITHOUT_CONDITIONAL_CREATE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 69;

  constructor(uri: string, problem: string) {
    super(
      `${uri} does not keep the promise that an object is created only once (If-None-Match: *): ${problem}. ` +
        'Two writers could overwrite each other unnoticed, so hone does not start on it. ' +
        'Use a store with conditional writes (AWS S3, a current versitygw, MinIO or Ceph), or a local folder.',
    );
  }
}

/** The clock is `logical` and nobody has set it. */
export class ClockNotSet extends HoneError {
  readonly code = 'HONE_CLOCK_NOT_SET';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor() {
    super(
      'config/hone.yaml says `clock: logical`, and nobody has said what time it is. Nothing was changed. ' +
        'Set it: hone clock set 2013-04-01, or write `clock: wall`.',
    );
  }
}

/** A replay goes forward only. */
export class ClockBackwards extends HoneError {
  readonly code = 'HONE_CLOCK_BACKWARDS';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 6;

  constructor(to: string, latest: string) {
    super(
      `The clock cannot go to ${to}: something happened at ${latest} already, and ledgers know no going back. ` +
        'Nothing was changed. Choose a later time, or replay again in a workspace of its own.',
    );
  }
}
