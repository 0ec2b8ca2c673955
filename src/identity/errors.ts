/** What goes wrong with keys of people. */
import { type ExitCode, HoneError } from '../errors.ts';

/** Others on this machine may read a private key: it is not used. */
export class KeyFileExposed extends HoneError {
  readonly code = 'HONE_KEY_FILE_EXPOSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  constructor(path: string) {
    super(
      `The private key ${path} may be read by others on this machine, so it was not used and nothing was signed. ` +
        `If nobody has read it: chmod 600 ${path}. Otherwise: hone identity revoke <name> --reason "…", and enrol again.`,
    );
  }
}

/** A person has a key already, or none that the request names. */
export class IdentityRefused extends HoneError {
  readonly code = 'HONE_IDENTITY_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
}

/** The key on this machine is not one that counts for this person. */
export class KeyNotEnrolled extends HoneError {
  readonly code = 'HONE_KEY_NOT_ENROLLED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;
  constructor(name: string, id: string) {
    super(
      `The key ${id} on this machine is not enrolled for ${name} in config/hone.yaml, or is retired or revoked, so nothing was sent. ` +
        `Enrol a key with \`hone identity enrol ${name}\`, then \`hone config apply\`.`,
    );
  }
}
