/** Events that are not taken, and why. All but the last are answers of the prediction server. */
import { type ExitCode, HoneError } from '../errors.ts';
import { ServingError } from '../serving/errors.ts';

/** Nobody may send events: no key is named, or the model has no configuration yet. */
export class EventsClosed extends ServingError {
  readonly code = 'HONE_EVENTS_CLOSED';
  readonly retryable = false;
  readonly status = 403;

  constructor(problem: string, cure: string) {
    super(`The event was not taken: ${problem}. Nothing was started. ${cure}`);
  }
}

/** One of the headers that sign an event is not there. */
export class EventUnsigned extends ServingError {
  readonly code = 'HONE_EVENT_UNSIGNED';
  readonly retryable = false;
  readonly status = 401;

  constructor(header: string, problem: string) {
    super(
      `The event was not taken: its header ${header} ${problem}. Nothing was started. ` +
        'Sign it as Standard Webhooks does, with webhook-id, webhook-timestamp and webhook-signature.',
    );
  }
}

/** No signature of the event was made with a key of this installation over what arrived. */
export class EventSignatureInvalid extends ServingError {
  readonly code = 'HONE_EVENT_SIGNATURE_INVALID';
  readonly retryable = false;
  readonly status = 401;

  constructor(keys: number) {
    super(
      `The event was not taken: its signature was made with none of the ${keys} keys of this server, or over other bytes. ` +
        'Nothing was started. Sign the body as it is sent, with the key that the server has.',
    );
  }
}

/** The signature is older, or newer, than the server allows: it may be a copy of an earlier request. */
export class EventSignatureExpired extends ServingError {
  readonly code = 'HONE_EVENT_SIGNATURE_EXPIRED';
  readonly retryable = false;
  readonly status = 401;

  constructor(seconds: number, allowed: number) {
    const age =
      seconds >= 0 ? `${Math.round(seconds)} s old` : `${Math.round(-seconds)} s ahead of this server's clock`;
    super(
      `The event was not taken: its signature is ${age}, more than ${allowed} s. Nothing was started. ` +
        'Sign it again when you send it again; the same id stays one event.',
    );
  }
}

/** A source and id that were taken already, now with another content. */
export class EventReplayed extends ServingError {
  readonly code = 'HONE_EVENT_REPLAYED';
  readonly retryable = false;
  readonly status = 409;

  constructor(source: string, id: string) {
    super(
      `The event ${JSON.stringify(id.slice(0, 80))} of ${JSON.stringify(source.slice(0, 80))} was taken already with another content. ` +
        'Nothing was started, and the first answer stands. Give a new event a new id.',
    );
  }
}

/** What arrived is no event that this model takes; `path` names the attribute or field. */
export class EventRefused extends ServingError {
  readonly code = 'HONE_EVENT_REFUSED';
  readonly retryable = false;
  readonly status: number;
  override readonly path: string | undefined;

  constructor(problem: string, path?: string, status: 400 | 415 = 400) {
    super(
      `The event was refused${path ? ` at ${path}` : ''}: ${problem}. Nothing was started. ` +
        'Mend it and send it again; the contract is at /openapi.json.',
    );
    this.status = status;
    this.path = path;
  }
}

/** Too many events of one model wait for an answer on this node. */
export class TooManyEvents extends ServingError {
  readonly code = 'HONE_EVENTS_TOO_MANY';
  readonly retryable = true;
  readonly status = 429;
  override readonly retryAfter = 10;

  constructor(model: string, waiting: number) {
    super(
      `The event was not taken: ${waiting} events of ${model} wait for their answer on this node already. Nothing was started. ` +
        'Send it again after some seconds.',
    );
  }
}

/** A key of events that config/hone.yaml names is not there, or is no key. */
export class EventKeyUnusable extends HoneError {
  readonly code = 'HONE_EVENT_KEY_UNUSABLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(env: string, problem: string) {
    super(
      `events.keys of config/hone.yaml names the environment variable ${env}, which ${problem}. The server was not started. ` +
        'Set it to whsec_ and 24 to 64 random bytes as base64, or take the line out.',
    );
  }
}
