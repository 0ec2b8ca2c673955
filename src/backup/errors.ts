/** What can go wrong when a store is copied away and brought back. */
import { type ExitCode, HoneError } from '../errors.ts';

/** There is no backup in the place that was named, or not the one that was asked for. */
export class BackupMissing extends HoneError {
  readonly code = 'HONE_BACKUP_MISSING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(place: string, id: string | undefined, known: readonly string[]) {
    super(
      `${place} holds ${id === undefined ? 'no backup' : `no backup ${id}`}. Nothing was written. ` +
        (known.length === 0
          ? 'Name the place that `hone backup --to` was given; one that did not end leaves no manifest and is none.'
          : `It holds: ${known.slice(-10).join(', ')}.`),
    );
  }
}

/** A backup is not what was written: nothing of it is restored. */
export class BackupDamaged extends HoneError {
  readonly code = 'HONE_BACKUP_DAMAGED';
  readonly retryable = false;

  constructor(place: string, id: string, problems: readonly string[]) {
    super(
      `Backup ${id} in ${place} is not what was written: ${problems.slice(0, 3).join('; ')}` +
        `${problems.length > 3 ? `; and ${problems.length - 3} more` : ''}. It was not used. ` +
        'Take an earlier one: `hone restore --list` names them.',
    );
  }
}

/** The store holds something that is not of the backup: a restore never writes over it or beside it. */
export class RestoreRefused extends HoneError {
  readonly code = 'HONE_RESTORE_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 6;

  constructor(store: string, found: string) {
    super(
      `${store} is not empty: ${found}. Nothing of it was changed. A backup is restored into an empty store only: stop ` +
        'what writes to it (`hone down`), then name another place under `store` in config/hone.yaml, or move this one away.',
    );
  }
}

/** Objects went away while they were copied, again and again. */
export class BackupUnsettled extends HoneError {
  readonly code = 'HONE_BACKUP_UNSETTLED';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 6;

  constructor(store: string, passes: number, key: string) {
    super(
      `Objects were removed from ${store} in each of ${passes} passes of the backup, "${key}" last. No backup was ` +
        'written, and the earlier ones stay. An erasure or the retention is at work: try again when it is done.',
    );
  }
}

/** A backup of this second exists in the place. */
export class BackupTaken extends HoneError {
  readonly code = 'HONE_BACKUP_TAKEN';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 6;

  constructor(place: string, id: string) {
    super(`${place} holds a backup ${id} already; it stays as it is. Another backup ran in this second: try again.`);
  }
}
