/** `config/hone.yaml`: connections, people and clock. Shared by all models of an installation. */
import { z } from 'zod';
import { notifyConfig } from './notify.ts';
import { temporalConfig } from './temporal.ts';
import { holderName, servingRole, tokenHolder } from './tokens.ts';
import { duration, slug } from './values.ts';
import { webConfig } from './web.ts';

/**
 * A person's public key for decisions, Ed25519. `retired`: signatures made later do not count (the key was changed).
 * `revoked`: none counts from now on (the key is lost or known to others).
 */
export const personKey = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'the first 16 digits of the SHA-256 of the public key')
    .describe('First 16 digits of the SHA-256 of the public key.'),
  public: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, '32 bytes as base64')
    .describe('Public key, 32 bytes as base64.'),
  since: z.string().datetime().describe('When it was made.'),
  retired: z.string().datetime().optional().describe('When another one took its place.'),
  revoked: z
    .strictObject({
      at: z.string().datetime().describe('When it was taken back.'),
      reason: z.string().min(1).max(500).describe('Why.'),
    })
    .optional()
    .describe('Lost, or known to others.'),
});
export type PersonKey = z.output<typeof personKey>;

export const people = z.record(
  z.string().min(1).max(120),
  z.strictObject({ keys: z.array(personKey).describe('Keys of that person.') }),
);
export type People = z.output<typeof people>;

export const honeConfig = z.strictObject({
  profile: z
    .enum(['local', 'production'])
    .describe('`local`: one person on one machine. `production`: nothing is open without a token.'),
  store: z
    .string()
    .regex(/^(file:.+|s3:\/\/.+)$/, 'write file:<folder> or s3://<bucket>/<prefix>')
    .describe(
      '`file:<folder>` or `s3://<bucket>/<prefix>?endpoint=<url>&region=<region>`; credentials come from the environment.',
    ),
  temporal: temporalConfig.describe('The Temporal server.'),
  serving: z
    .strictObject({
      host: z.string().min(1).describe('Address to listen on.'),
      port: z.number().int().min(0).max(65_535).describe('Port; 0: any.'),
      poll: duration.describe('How often the ledger is looked at.'),
      tokens: z
        .record(holderName, tokenHolder(servingRole))
        .optional()
        .describe(
          'Programs that may ask for predictions, by name. Without any, only the local profile serves, and on loopback only.',
        ),
    })
    .describe('Prediction servers.'),
  web: webConfig.optional().describe('The pages; there are none where it is left out.'),
  data: z
    .strictObject({ memory_mb: z.number().int().min(100).describe('Memory of those buffers.') })
    .optional()
    .describe(
      '`memory_mb` bounds the buffers with which a source is read, sorted and compared; the process takes up to twice as much.',
    ),
  clock: z
    .enum(['wall', 'logical'])
    .describe(
      "`wall`: the time is now. `logical`: the time is what the store's `clock.json` says (replays such as the demo).",
    ),
  log_hash_key: z
    .union([
      z.strictObject({ env: z.string().min(1).describe('Environment variable that holds it.') }),
      z.strictObject({ file: z.string().min(1).describe('File that holds it.') }),
    ])
    .optional()
    .describe(
      'Where the key of the hashes in the prediction log is found; the key itself never stands in a file of the repository.',
    ),
  events: z
    .strictObject({
      keys: z
        .array(
          z.strictObject({
            by: z.string().min(1).max(120).describe('Who sends with it.'),
            env: z
              .string()
              .regex(/^[A-Z][A-Z0-9_]*$/, 'write the name of an environment variable, such as HONE_EVENT_KEY')
              .describe('Environment variable that holds it.'),
          }),
        )
        .min(1)
        .max(20)
        .describe('One for each sender.'),
    })
    .optional()
    .describe(
      'Who may send events that start runs; without keys none are taken. Each key is in an environment variable.',
    ),
  notify: notifyConfig.optional().describe('Who is told of what; nobody where it is left out.'),
  groups: z.record(slug, z.array(z.string().min(1)).min(1)).describe('Names of people, by group.'),
  people: people.optional().describe('Keys with which people sign their decisions; `hone identity enrol` writes them.'),
});
export type HoneConfig = z.output<typeof honeConfig>;
