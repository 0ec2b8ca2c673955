/** How every connection to Temporal is made: address, TLS and API key from the configuration, secrets read at that moment. */
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SecretPlace, TemporalConfig } from '../config/temporal.ts';
import { TemporalSecretMissing, TemporalUnreachable } from './errors.ts';

/** What clients and workers of the SDK both take. */
export interface ConnectionOptions {
  readonly address: string;
  readonly tls?: {
    readonly serverNameOverride?: string;
    readonly serverRootCACertificate?: Buffer;
    readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
  };
  readonly apiKey?: string;
  readonly metadata?: Record<string, string>;
}

/** @throws TemporalSecretMissing naming the variable or file */
export async function connectionOptions(temporal: TemporalConfig): Promise<ConnectionOptions> {
  const { address, namespace, tls, api_key } = temporal;
  if (tls === undefined) return { address };
  const [ca, crt, key, apiKey] = await Promise.all([
    read('tls.ca', tls.ca),
    read('tls.cert', tls.cert),
    read('tls.key', tls.key),
    read('api_key', api_key),
  ]);
  return {
    address,
    tls: {
      ...(tls.server_name === undefined ? {} : { serverNameOverride: tls.server_name }),
      ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
      ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
    },
    // By this header a server of many namespaces knows which key to look for.
    ...(apiKey === undefined
      ? {}
      : { apiKey: apiKey.toString('utf8').trim(), metadata: { 'temporal-namespace': namespace } }),
  };
}

async function read(what: string, place: SecretPlace | undefined): Promise<Buffer | undefined> {
  if (place === undefined) return undefined;
  if ('env' in place) {
    const value = process.env[place.env];
    if (!value) throw new TemporalSecretMissing(what, `the environment variable ${place.env} is not set or empty`);
    return Buffer.from(value);
  }
  const content = await readFile(place.file).catch((error: NodeJS.ErrnoException) => {
    throw new TemporalSecretMissing(what, `${place.file} cannot be read (${error.code})`);
  });
  if (content.byteLength === 0) throw new TemporalSecretMissing(what, `${place.file} is empty`);
  return content;
}

/** What a client of HTTP/2 says first, with empty settings. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');

/**
 * A port that refuses and a certificate that does not fit are told at once, and by name: gRPC would try again until its
 * time is up and then say that it is. Any other trouble is left to it.
 *
 * @throws TemporalUnreachable
 */
export async function knock({ address, tls }: ConnectionOptions): Promise<void> {
  const [, host = '', port = ''] = /^(?:dns:\/*)?\[?([^/]*?)\]?:(\d+)$/.exec(address) ?? [];
  if (host === '') return;
  const at = { host, port: Number(port), timeout: 2000 };
  const problem = await (tls === undefined ? problemOfPort(connectTcp(at)) : problemOfTls(at, tls));
  if (problem !== undefined) throw new TemporalUnreachable(address, problem, tls !== undefined);
}

function problemOfPort(socket: Socket): Promise<Error | undefined> {
  return new Promise<Error | undefined>((answer) => {
    socket.once('connect', () => answer(undefined));
    socket.once('timeout', () => answer(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code === 'ECONNREFUSED' ? error : undefined));
  }).finally(() => socket.destroy());
}

/** Waits for the first words of HTTP/2: a server that misses our certificate says so after the handshake only. */
function problemOfTls(
  at: { host: string; port: number; timeout: number },
  { serverRootCACertificate: ca, clientCertPair, serverNameOverride }: NonNullable<ConnectionOptions['tls']>,
): Promise<Error | undefined> {
  const servername = serverNameOverride ?? (isIP(at.host) ? undefined : at.host);
  const socket = connectTls({
    ...at,
    ALPNProtocols: ['h2'],
    ...(ca ? { ca } : {}),
    ...(clientCertPair ? { cert: clientCertPair.crt, key: clientCertPair.key } : {}),
    ...(servername ? { servername } : {}),
  });
  return new Promise<Error | undefined>((answer) => {
    socket.once('secureConnect', () => socket.write(PREFACE));
    socket.once('data', () => answer(undefined));
    socket.once('timeout', () => answer(undefined));
    socket.once('error', answer);
    socket.once('close', () => answer(new Error('it closed the connection; does it ask for a certificate of ours?')));
  }).finally(() => socket.destroy());
}
