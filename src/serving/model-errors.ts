/** What can be wrong with a model file or with the rows given to it. */
import { HoneError } from '../errors.ts';

/** The file is not a plain ONNX graph: other formats, external data, operators from elsewhere. Final. */
export class ModelRefused extends HoneError {
  readonly code = 'HONE_MODEL_REFUSED';
  readonly retryable = false;
  override readonly exitCode = 3;

  constructor(problem: string) {
    super(
      `The model file was refused: ${problem}. Nothing was loaded and what was served before stays served. ` +
        'Export the model as one self-contained ONNX file with operators of ai.onnx and ai.onnx.ml only (trainers/ shows how).',
    );
  }
}

/** The graph's inputs or outputs are not those of its signature. Final. */
export class SignatureMismatch extends HoneError {
  readonly code = 'HONE_SIGNATURE_MISMATCH';
  readonly retryable = false;

  constructor(problem: string) {
    super(
      `The model's graph does not fit its signature: ${problem}. Nothing was loaded and what was served before stays served. ` +
        'Train again with a trainer that writes signature.json and model.onnx together.',
    );
  }
}

/** The rows handed over do not have the shape that the signature asks for. */
export class FeaturesDoNotFit extends HoneError {
  readonly code = 'HONE_FEATURES_DO_NOT_FIT';
  readonly retryable = false;

  constructor(problem: string) {
    super(
      `The feature rows do not fit the model: ${problem}. Nothing was scored. ` +
        'Compute them with the feature definition that the version names in its manifest.',
    );
  }
}

/** A loaded model does not give back the predictions that it was registered with. */
export class GoldenRowsDiffer extends HoneError {
  readonly code = 'HONE_GOLDEN_ROWS_DIFFER';
  readonly retryable = false;

  constructor(
    differing: number,
    of: number,
    worst: { row: number; expected: number; found: number },
    tolerance: number,
  ) {
    super(
      `${differing} of ${of} golden rows are scored differently here than when the version was registered ` +
        `(worst: row ${worst.row}, expected ${worst.expected}, found ${worst.found}, tolerance ${tolerance} relative to 1 + |expected|). ` +
        'The version was not taken into service and what was served before stays served. ' +
        'Check that this machine runs the same onnxruntime-node release, then train again if it does.',
    );
  }
}
