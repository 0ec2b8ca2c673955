/** Errors as answers: a stable code, a sentence, where the fault is; nothing of the inside. Under `/v2` in that protocol's shape. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { HoneError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { AccessRefused, NoChampion, ServingError } from './errors.ts';

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly path?: string | undefined;
  readonly retryAfter?: number | undefined;
}

/** Answers that say that nothing was deployed yet. */
const early = new WeakSet<FastifyReply>();

/** Whether a 503 says only that nothing was deployed yet: not an error of the server. */
export function isBeforeFirst(reply: FastifyReply): boolean {
  return early.has(reply);
}

export function refuse(
  error: FastifyError | HoneError,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  if (error instanceof NoChampion && error.beforeFirst) early.add(reply);
  if (error instanceof AccessRefused && error.status === 401) reply.header('www-authenticate', 'Bearer');
  return sendRefusal(request, reply, refusalOf(error, request, logger));
}

export function refuseAddress(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?')[0]?.slice(0, 120);
  const message = `There is nothing at ${request.method} ${path}. The addresses are at /openapi.json.`;
  return sendRefusal(request, reply, { status: 404, code: 'HONE_ADDRESS_UNKNOWN', message, retryable: false });
}

function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, code, message, retryable, path, retryAfter } = refusal;
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  const details = { code, ...(path && { path }), retryable };
  const isV2 = /^\/v2(?:\/|$)/.test(request.url);
  return reply.status(status).send(isV2 ? { error: message, ...details } : { error: { message, ...details } });
}

/** Codes of Fastify's own refusals, in hone's words; everything else that is below 500 keeps Fastify's sentence. */
const transport: Record<string, { code: string; message: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'HONE_BODY_TOO_LARGE',
    message: 'The body is larger than LIMIT. Nothing was scored or recorded. Split the request.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'HONE_NOT_JSON',
    message: 'The body must be application/json. Nothing was scored. Set the content-type header.',
  },
};

function refusalOf(error: FastifyError | HoneError, request: FastifyRequest, logger: Logger): Refusal {
  const { url } = request;
  if (error instanceof ServingError) {
    const { status, code, message, retryable, path, retryAfter } = error;
    return { status, code, message, retryable, path, retryAfter };
  }
  if (error instanceof HoneError && error.retryable) {
    logger.error({ err: error, url }, 'a request could not be served');
    return { status: 503, code: error.code, message: error.message, retryable: true, retryAfter: 5 };
  }
  const status = ('statusCode' in error ? error.statusCode : undefined) ?? 500;
  if (status < 500) {
    const known = transport[error.code] ?? {
      code: 'HONE_REQUEST_REFUSED',
      message: `The request was refused: ${error.message}. Nothing was scored or recorded.`,
    };
    const message = known.message.replace('LIMIT', bytesText(request.routeOptions.bodyLimit));
    return { status, code: known.code, message, retryable: false };
  }
  logger.error({ err: error, url }, 'a request met an error that nobody expected');
  const message = 'The server met an error that it did not expect; it is in the log of the node. Nothing was recorded.';
  return { status: 500, code: 'HONE_UNEXPECTED', message, retryable: true };
}

const bytesText = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`;
