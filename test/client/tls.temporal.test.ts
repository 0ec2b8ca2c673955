/** Temporal behind TLS: what fits gets in, as client and as worker; what does not is told by name and in a second. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectLazily } from '../../src/client/connect.ts';
import { connectionOptions } from '../../src/client/connection-options.ts';
import { TemporalSecretMissing, TemporalUnreachable } from '../../src/client/errors.ts';
import { checkServer } from '../../src/client/server-check.ts';
import type { HoneConfig } from '../../src/config/hone.ts';
import { honeConfig } from '../../src/config/hone.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import { ROOT } from '../config/workspace.ts';
import { makeCertificates, startTlsFront, type TlsFront } from './tls-front.ts';

if (spawnSync('openssl', ['version']).status !== 0) {
  test.skip('Temporal behind TLS: openssl, which makes the certificates, is not on PATH', () => undefined);
} else {
  let folder: string;
  let shipped: HoneConfig;
  let plain: TlsFront;
  let strict: TlsFront;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hone-tls-'));
    makeCertificates(folder);
    shipped = (await loadWorkspace(ROOT)).hone;
    plain = await startTlsFront(folder, inject('temporalAddress'));
    strict = await startTlsFront(folder, inject('temporalAddress'), { clientCertificate: true, apiKey: 'k-1' });
    process.env['HONE_TEST_API_KEY'] = 'k-1\n';
  });
  afterAll(async () => {
    delete process.env['HONE_TEST_API_KEY'];
    await plain.close();
    await strict.close();
    await rm(folder, { recursive: true, force: true });
  });

  const file = (name: string) => ({ file: join(folder, name) });
  const at = ({ address }: TlsFront, more: object): HoneConfig => ({
    ...shipped,
    temporal: { ...shipped.temporal, address, ...more },
  });
  const whole = () => ({
    tls: { ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key') },
    api_key: { env: 'HONE_TEST_API_KEY' },
  });

  test('with authority, certificate and API key, client and worker get in, and the namespace goes along', async () => {
    const hone = at(strict, whole());
    const client = connectLazily(hone);
    expect(await client.describeRun('no-such-run')).toBe('missing');
    await client.close();
    expect([...strict.namespaces]).toEqual(['default']);

    const worker = await NativeConnection.connect(await connectionOptions(hone.temporal));
    expect((await worker.workflowService.getSystemInfo({})).serverVersion).toMatch(/^1\./);
    await worker.close();
    expect(await checkServer(hone)).toMatchObject({ ok: true, version: expect.stringMatching(/^1\./), problem: '' });
  });

  test('another name than that in the certificate needs server_name', async () => {
    const byNumber = { ...plain, address: plain.address.replace('localhost', '127.0.0.1') };
    const refused = await checkServer(at(byNumber, { tls: { ca: file('ca.pem') } }));
    expect(refused).toMatchObject({ ok: false, problem: expect.stringContaining('IP: 127.0.0.1 is not in') });
    const named = at(byNumber, { tls: { ca: file('ca.pem'), server_name: 'localhost' } });
    expect(await checkServer(named)).toMatchObject({ ok: true });
  });

  test.each([
    [
      'an authority that nobody trusts',
      () => plain,
      () => ({ tls: {} }),
      'self-signed certificate in certificate chain',
    ],
    ['a certificate of ours that is missing', () => strict, () => ({ tls: { ca: file('ca.pem') } }), 'certificate'],
    ['a server without TLS', () => ({ ...plain, address: inject('temporalAddress') }), () => ({ tls: {} }), 'over TLS'],
  ])('%s is told by name, quickly, and with 69', async (_what, front, more, said) => {
    const hone = at(front(), more());
    const begun = performance.now();
    const error = await connectLazily(hone)
      .temporal()
      .catch((one: unknown) => one);
    expect(error).toBeInstanceOf(TemporalUnreachable);
    expect((error as TemporalUnreachable).message).toContain(said);
    expect((error as TemporalUnreachable).exitCode).toBe(69);
    expect(performance.now() - begun).toBeLessThan(3000);
  });

  test('a wrong API key, a namespace that is not there, a variable that is not set: each has its own words', async () => {
    process.env['HONE_TEST_WRONG_KEY'] = 'k-2';
    const wrong = await checkServer(at(strict, { ...whole(), api_key: { env: 'HONE_TEST_WRONG_KEY' } }));
    delete process.env['HONE_TEST_WRONG_KEY'];
    expect(wrong).toMatchObject({ ok: false, problem: expect.stringContaining('does not let us in') });
    const nowhere = await checkServer(at(plain, { tls: { ca: file('ca.pem') }, namespace: 'nowhere' }));
    expect(nowhere.problem).toContain('no namespace "nowhere"');
    const unset = connectionOptions(at(strict, { ...whole(), api_key: { env: 'HONE_TEST_NO_KEY' } }).temporal);
    await expect(unset).rejects.toThrow(TemporalSecretMissing);
  });

  test('an API key without TLS, and half of a pair, are refused by the configuration', () => {
    const problems = (more: object) =>
      honeConfig.safeParse({ ...shipped, temporal: { ...shipped.temporal, ...more } }).error?.message ?? '';
    expect(problems({ api_key: { env: 'HONE_KEY' } })).toContain('add `tls: {}`');
    expect(problems({ tls: { cert: file('client.pem') } })).toContain('give both');
  });
}
