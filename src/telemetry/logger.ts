/** JSON lines by pino; the object first, then the sentence. Every line of a run names model, run, stage and version. */
import { type Logger, pino } from 'pino';

export type { Logger };

/** Keys whose values never reach a log line, whatever object carries them. */
const secretKeys = ['secret', 'password', 'token', 'authorization', 'accessKeyId', 'secretAccessKey', 'sessionToken'];

export function createLogger(name: string, level: string = process.env['HONE_LOG_LEVEL'] ?? 'info'): Logger {
  return pino(
    {
      name,
      level,
      redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`]), censor: '[hidden]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
