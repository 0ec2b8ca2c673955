/** A gateway before a Temporal server: TLS with a certificate of its own, client certificates and API keys where asked. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createSecureServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface TlsFront {
  readonly address: string;
  /** Names of namespaces that calls came with. */
  readonly namespaces: Set<string>;
  close(): Promise<void>;
}

/** Authority, server (for localhost) and client certificates, made by openssl in `folder`; files of the same names. */
export function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test authority');
  for (const [name, san] of [
    ['server', 'DNS:localhost'],
    ['client', 'DNS:hone'],
  ] as const) {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${san}\n`);
    const from = ['-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
    openssl('x509', '-req', ...from, '-out', `${name}.pem`, '-days', '2', '-extfile', `${name}.ext`);
  }
}

/** @param asks what a caller needs beside TLS */
export async function startTlsFront(
  folder: string,
  temporal: string,
  asks: { clientCertificate?: boolean; apiKey?: string } = {},
): Promise<TlsFront> {
  const [cert, key, ca] = ['server.pem', 'server.key', 'ca.pem'].map((name) => readFileSync(join(folder, name)));
  const namespaces = new Set<string>();
  const sessions = new Set<ServerHttp2Session>();
  const behind = connect(`http://${temporal}`);
  const server = createSecureServer({
    ...{ cert, key, ca },
    ...(asks.clientCertificate ? { requestCert: true, rejectUnauthorized: true } : {}),
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    if (typeof headers['temporal-namespace'] === 'string') namespaces.add(headers['temporal-namespace']);
    if (asks.apiKey !== undefined && headers.authorization !== `Bearer ${asks.apiKey}`) {
      const refusal = { 'grpc-status': '16', 'grpc-message': 'unknown key' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...refusal }, { endStream: true });
      return;
    }
    const passed = behind.request({ ...headers, ':scheme': 'http', ':authority': temporal });
    let trailers: IncomingHttpHeaders = {};
    passed.on('error', () => stream.close());
    passed.on('trailers', (found) => {
      trailers = found;
    });
    // An answer that is an error and nothing else has its status in the first headers.
    passed.on('response', (answer) => {
      const alone = answer['grpc-status'] !== undefined;
      stream.respond(answer, alone ? { endStream: true } : { waitForTrailers: true });
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => passed.close());
    stream.pipe(passed);
    passed.pipe(stream);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    namespaces,
    async close() {
      for (const session of sessions) session.destroy();
      behind.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
