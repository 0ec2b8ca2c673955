/** Errors as pages: the sentence for people, the status for machines, nothing of the inside. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ExitCode, HoneError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { PageRefused } from './errors.ts';
import { html } from './html.ts';
import type { Page } from './layout.ts';
import { prose } from './parts/prose.ts';

const STATUS: Partial<Record<ExitCode, number>> = { 2: 400, 3: 403, 6: 409, 69: 503 };
const UNKNOWN = new Set([
  'HONE_RUN_UNKNOWN',
  'HONE_MODEL_UNKNOWN',
  'HONE_VERSION_MISSING',
  'HONE_MODEL_NAME_REFUSED',
  'HONE_RUN_NOT_JUDGED',
]);

export interface Refusal {
  readonly status: number;
  readonly page: Page;
}

export function refusalOf(
  error: FastifyError | HoneError,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): Refusal {
  if (error instanceof HoneError) {
    const status =
      error instanceof PageRefused ? error.status : UNKNOWN.has(error.code) ? 404 : (STATUS[error.exitCode] ?? 500);
    if (status >= 500) logger.error({ err: error, url: request.url }, 'a page could not be shown');
    if (status === 503) reply.header('retry-after', '5');
    const title =
      status === 404 ? 'Not here' : status === 503 ? 'A part is away' : status >= 500 ? 'It did not work' : 'Refused';
    return { status, page: plain(title, error.message) };
  }
  const status = error.statusCode ?? 500;
  if (status === 429)
    return { status, page: plain('Too many', `${error.message} Nothing was done. Others are not affected.`) };
  if (status < 500)
    return {
      status,
      page: plain('Refused', 'The request could not be read, so nothing was done. Load the page again.'),
    };
  logger.error({ err: error, url: request.url }, 'a page met an error that nobody expected');
  return {
    status,
    page: plain(
      'It did not work',
      'An error that nobody expected; it is in the log of the pages. Nothing was changed.',
    ),
  };
}

function plain(title: string, sentence: string): Page {
  return { title, sentence: prose(sentence), attention: true, body: html`<p><a href="/">To the models</a></p>` };
}
