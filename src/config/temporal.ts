/** `temporal` of `config/hone.yaml`: where the server is and how this installation proves to it who it is. */
import { resolve } from 'node:path';
import { z } from 'zod';

/** Where a certificate, a key or a token is found; it never stands in a file of the repository. */
const place = z.union([
  z.strictObject({
    env: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]*$/, 'write the name of an environment variable, such as HONE_TEMPORAL_API_KEY')
      .describe('Environment variable that holds it.'),
  }),
  /** Absolute, or from the workspace. */
  z.strictObject({ file: z.string().min(1).describe('File that holds it, absolute or from the workspace.') }),
]);
export type SecretPlace = z.output<typeof place>;

const tls = z
  .strictObject({
    ca: place
      .optional()
      .describe("Certificates (PEM) of who may sign the server's; left out: those that this machine trusts."),
    cert: place
      .optional()
      .describe("This installation's certificate and private key (PEM), for a server that asks for one."),
    key: place.optional().describe('Private key (PEM) of that certificate.'),
    server_name: z
      .string()
      .min(1)
      .optional()
      .describe("The name in the server's certificate where it is not that of the address."),
  })
  .refine((one) => (one.cert === undefined) === (one.key === undefined), 'cert and key belong together: give both');

export const temporalConfig = z
  .strictObject({
    address: z.string().min(1).describe('Host and port of the server.'),
    namespace: z.string().min(1).describe('Namespace of everything of hone.'),
    ui: z
      .string()
      .nullable()
      .describe("Address of Temporal's web pages, for links in messages; null where there is none."),
    task_queue: z.string().min(1).describe('Task queue of the workers; that of training is named after it.'),
    deployment: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,60}$/, 'lower-case letters, digits and dashes')
      .optional()
      .describe(
        'Name of the Worker Deployment: workers say which build they are, runs stay on theirs, and new ones go to the build that `hone worker promote` made current. Left out: any worker takes any work.',
      ),
    tls: tls.optional().describe('`{}`: TLS with what this machine trusts. Left out: no TLS.'),
    api_key: place.optional().describe('Sent with every call, for Temporal Cloud and servers behind a gateway.'),
  })
  .refine((one) => one.api_key === undefined || one.tls !== undefined, {
    path: ['api_key'],
    message: 'without tls the key would be sent readable by anybody on the way; add `tls: {}`',
  });
export type TemporalConfig = z.output<typeof temporalConfig>;

/** Files named from the workspace, as absolute paths. */
export function inWorkspace(root: string, temporal: TemporalConfig): TemporalConfig {
  const at = <T extends SecretPlace | undefined>(one: T) =>
    one !== undefined && 'file' in one ? { file: resolve(root, one.file) } : one;
  const { tls: lines, api_key } = temporal;
  return {
    ...temporal,
    ...(lines ? { tls: { ...lines, ...defined({ ca: at(lines.ca), cert: at(lines.cert), key: at(lines.key) }) } } : {}),
    ...defined({ api_key: at(api_key) }),
  };
}

function defined<T extends Record<string, SecretPlace | undefined>>(places: T): { [K in keyof T]?: SecretPlace } {
  return Object.fromEntries(Object.entries(places).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]?: SecretPlace;
  };
}
