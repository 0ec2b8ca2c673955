/** What the prediction server refuses or cannot do. `status` is the HTTP answer, `path` the field in the request's body. */
import { type ExitCode, HoneError } from '../errors.ts';

/** An error that a caller of the prediction server sees as a typed answer. */
export abstract class ServingError extends HoneError {
  abstract readonly status: number;
  readonly path: string | undefined = undefined;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined = undefined;
}

/** The body does not have the shape of its contract. */
export class RequestRefused extends ServingError {
  readonly code = 'HONE_REQUEST_REFUSED';
  readonly retryable = false;
  readonly status: number;
  override readonly path: string | undefined;
  /** The cause alone, for a protocol that names fields otherwise. */
  readonly problem: string;

  constructor(problem: string, path?: string, status: 400 | 413 = 400) {
    super(
      `The request was refused${path ? ` at ${path}` : ''}: ${problem}. Nothing was scored or recorded. ` +
        'Mend it and send it again; the contract is at /openapi.json.',
    );
    this.status = status;
    this.path = path;
    this.problem = problem;
  }
}

/** This node does not serve a model of this name. */
export class ModelNotServed extends ServingError {
  readonly code = 'HONE_MODEL_NOT_SERVED';
  readonly retryable = false;
  readonly status = 404;

  constructor(model: string, served: readonly string[]) {
    super(
      `This node does not serve a model ${JSON.stringify(model.slice(0, 80))}. Nothing was scored. ` +
        `It serves: ${served.join(', ') || 'none'}.`,
    );
  }
}

/** There is no version that may answer: none was promoted yet, or the champion is still loading or cannot be loaded. */
export class NoChampion extends ServingError {
  readonly code = 'HONE_NO_CHAMPION';
  readonly retryable = true;
  readonly status = 503;
  override readonly retryAfter = 5;
  /** Nothing was deployed yet: not the server's fault, and not held against it. */
  readonly beforeFirst: boolean;

  constructor(model: string, reason: string, beforeFirst = false) {
    super(
      `No version of ${model} can answer on this node: ${reason}. Nothing was scored. ` +
        `Try again after a few seconds, or look at GET /v1/node and \`hone model show ${model}\`.`,
    );
    this.beforeFirst = beforeFirst;
  }
}

/** The champion itself failed: an exception, or a NaN or infinite score, which never leaves the server as a number. */
export class PredictionFailed extends ServingError {
  readonly code = 'HONE_PREDICTION_FAILED';
  readonly retryable = true;
  readonly status = 503;
  override readonly retryAfter = 1;

  constructor(model: string, version: number, problem: string, options?: ErrorOptions) {
    super(
      `Version ${version} of ${model} could not answer: ${problem}. No prediction was returned; the failure is counted as ` +
        'evidence against the version. Try again; where it stays, roll back with `hone rollback`.',
      options,
    );
  }
}

/** An `inference_id` again, for a row with other values. */
export class InferenceIdReused extends ServingError {
  readonly code = 'HONE_INFERENCE_ID_REUSED';
  readonly retryable = false;
  readonly status = 409;
  override readonly path: string;

  constructor(inferenceId: string, path: string) {
    super(
      `The inference_id ${JSON.stringify(inferenceId.slice(0, 80))} (${path}) was answered a short while ago for a row with ` +
        'other values. Nothing was scored, and the first answer stands. Use a new inference_id for a new prediction.',
    );
    this.path = path;
  }
}

/** More rows wait for this model than the node takes on: waiting longer would help nobody. */
export class NodeBusy extends ServingError {
  readonly code = 'HONE_NODE_BUSY';
  readonly retryable = true;
  readonly status = 503;
  override readonly retryAfter = 1;

  constructor(model: string, waiting: number, most: number) {
    super(
      `${waiting} rows of ${model} are being answered on this node, and it takes on ${most} at most. Nothing was scored or ` +
        'recorded. Send the request again after the time in Retry-After; where it stays so, add a node.',
    );
  }
}

/** A request without a token that this node knows, or by a holder whose role is not enough. */
export class AccessRefused extends ServingError {
  readonly code = 'HONE_ACCESS_REFUSED';
  readonly retryable = false;
  readonly status: 401 | 403;

  constructor(status: 401 | 403, why: string) {
    super(
      `The request was not looked at: ${why}. ` +
        'Tokens and roles are under serving.tokens of config/hone.yaml; send yours as `Authorization: Bearer <token>`.',
    );
    this.status = status;
  }
}

/** The prediction server would answer whoever reaches it. It was not started. */
export class ServingNotSafe extends HoneError {
  readonly code = 'HONE_SERVING_NOT_SAFE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(why: string, cure: string) {
    super(`The prediction server was not started: ${why}. ${cure}`);
  }
}

/** The node is closing: it finishes what it has, and takes no more. */
export class NodeDraining extends ServingError {
  readonly code = 'HONE_NODE_DRAINING';
  readonly retryable = true;
  readonly status = 503;
  override readonly retryAfter = 1;

  constructor() {
    super(
      'This node is closing and takes no new requests. Nothing was scored. Try again: another node or the restarted one answers.',
    );
  }
}

/** Labels or figures could not be made durable. */
export class RecordNotKept extends ServingError {
  readonly code = 'HONE_RECORD_NOT_KEPT';
  readonly retryable = true;
  readonly status = 503;
  override readonly retryAfter = 5;
  override readonly exitCode: ExitCode = 69;

  constructor(what: string, problem: string, options?: ErrorOptions) {
    super(
      `The ${what} could not be written to the store: ${problem}. They are not recorded. ` +
        'Send the same request again after a few seconds; records that come twice are told apart when read.',
      options,
    );
  }
}

/** A version lacks what serving needs from it. */
export class VersionNotServable extends HoneError {
  readonly code = 'HONE_VERSION_NOT_SERVABLE';
  readonly retryable = false;

  constructor(model: string, version: number, problem: string) {
    super(
      `Version ${version} of ${model} cannot be served: ${problem}. It was not loaded and what was served before stays served. ` +
        'Register the version again from a run, with its model.onnx and feature-definition.json.',
    );
  }
}

/** A version that was to take traffic could not be loaded and checked. It was asked before anything was moved. */
export class VersionNotLoadable extends HoneError {
  readonly code = 'HONE_VERSION_NOT_LOADABLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;

  constructor(model: string, version: number, problem: string, options?: ErrorOptions) {
    super(
      `Version ${version} of ${model} was loaded in a process of its own before anything was moved, and failed: ` +
        `${problem.replace(/\.$/, '')}. Nothing was changed, what is served stays served. ` +
        `Choose another version: \`hone rollback ${model} --dry-run\` lists them.`,
      options,
    );
  }
}

/** The process of a canary or shadow arm died, hung or refused to load. The champion answers instead. */
export class ArmFailed extends HoneError {
  readonly code = 'HONE_ARM_FAILED';
  readonly retryable = true;
  readonly kind: 'crash' | 'timeout' | 'error';
  /** The cause alone, for a record that says already which version it is about. */
  readonly problem: string;

  constructor(version: number, kind: 'crash' | 'timeout' | 'error', problem: string) {
    super(
      `The arm of version ${version} failed (${kind}): ${problem.replace(/\.$/, '')}. The champion answers its requests. ` +
        'The failure is in the node record as evidence; the rollout decides.',
    );
    this.kind = kind;
    this.problem = problem;
  }
}
