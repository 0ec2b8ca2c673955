/** What can keep a version from being exported. */
import { type ExitCode, HoneError } from '../errors.ts';

/** A feature of the version needs more than the row and an engine. */
export class NotEmbeddable extends HoneError {
  readonly code = 'HONE_NOT_EMBEDDABLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;

  constructor(model: string, version: number, problem: string) {
    super(
      `Version ${version} of ${model} cannot be embedded: ${problem}. Nothing was written. ` +
        'Serve it with the prediction server, or score in batches: hone batch score.',
    );
  }
}

/** The folder of an export holds something else. */
export class ExportFolderTaken extends HoneError {
  readonly code = 'HONE_EXPORT_FOLDER_TAKEN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 6;

  constructor(folder: string) {
    super(`${folder} is there and is no bundle of hone, so it was left as it is. Name a folder that is new or empty.`);
  }
}
