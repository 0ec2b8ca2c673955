/** Who may do what at the pages: the rows B42 to B48 of the list of bad requests, each with its answer. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PagesNotSafe } from '../../src/web/errors.ts';
import { openPeople } from '../../src/web/people.ts';
import { HOST, openSite, type Site } from './site.ts';
import { MODEL, tell } from './told.ts';
import { FAILED, putFailedRun, writeLog } from './trouble.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const TOKENS = { ana: 'token-of-ana', vic: 'token-of-vic', eve: 'token-of-eve' } as const;

let local: Site;
let site: Site;
beforeAll(async () => {
  local = await openSite({ fill: tell });
  site = await openSite({
    fill: tell,
    hone: (hone) => {
      hone.profile = 'production';
      hone.web = {
        host: '0.0.0.0',
        port: 0,
        hosts: [HOST, 'hone.example.org'],
        proxies: ['10.0.0.1'],
        users: {
          ana: { token_sha256_env: 'TOKEN_ANA', roles: { '*': 'viewer', [MODEL]: 'approver' } },
          vic: { token_sha256: sha256(TOKENS.vic), roles: { '*': 'viewer' } },
          eve: { token_sha256: sha256(TOKENS.eve), roles: { 'electricity-price': 'admin' } },
        },
      };
    },
    env: { TOKEN_ANA: sha256(TOKENS.ana) },
  });
});
afterAll(async () => {
  await local.close();
  await site.close();
});

let last = 0;
/** From an address of its own: ten tries a minute are for each address. */
async function signedIn(name: keyof typeof TOKENS) {
  last += 1;
  const browser = site.browser(`192.0.2.${last}`);
  const answer = await browser.post('/sign-in', { token: TOKENS[name] });
  expect(answer.statusCode).toBe(303);
  await browser.get('/');
  return browser;
}

const DECISION = `/runs/${MODEL}-000003/decision`;
const ROLLBACK = `/models/${MODEL}/rollback`;

test('B42: a version is chosen by its number only, and nobody sees a model without a role for it', async () => {
  const eve = await signedIn('eve');
  expect((await eve.get('/')).body).not.toContain(MODEL);
  for (const url of [
    `/models/${MODEL}`,
    `/models/${MODEL}/versions/1`,
    `/runs/${MODEL}-000002/packet`,
    `/models/${MODEL}/ledger.csv`,
  ])
    expect((await eve.get(url)).statusCode, url).toBe(404);
  const ana = await signedIn('ana');
  for (const version of ['latest', '..%2f1', '0', '99', '1e3', '%00'])
    expect((await ana.get(`/models/${MODEL}/versions/${version}`)).statusCode, version).toBeGreaterThanOrEqual(400);
  expect((await ana.get(`/models/${MODEL}/versions/1`)).statusCode).toBe(200);
});

test('B43: a user in a header counts for nothing, and an address only from a proxy that is named', async () => {
  const headers = { 'x-forwarded-user': 'ana', 'x-remote-user': 'ana', authorization: 'Basic YW5hOmFuYQ==' };
  const answer = await site.browser().get('/', headers);
  expect(answer.statusCode).toBe(303);
  expect(answer.headers.location).toMatch(/^\/sign-in/);
  const tries = [];
  for (let i = 0; i < 12; i++)
    tries.push(await site.browser().post('/sign-in', { token: 'x' }, { 'x-forwarded-for': `192.0.2.${i}` }));
  expect(tries.at(-1)?.statusCode).toBe(429); // another forwarded address each, and still one sender
});

test.each([
  ['none', ''],
  ['wrong', 'token-of-nobody'],
  ['of another kind', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEifQ.'],
  ['the hash instead of the token', sha256(TOKENS.ana)],
])('B44: a token that is %s opens nothing and tells nothing', async (_what, token) => {
  const fresh = await openSite({ hone: production, env: {} });
  const answer = await fresh.browser().post('/sign-in', { token, role: 'admin', by: 'ana' });
  expect(answer.statusCode).toBe(401);
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(answer.body).not.toMatch(/\b(?:ana|vic)\b|sha256/i);
  await fresh.close();
});

function production(hone: Parameters<NonNullable<NonNullable<Parameters<typeof openSite>[0]>['hone']>>[0]): void {
  hone.profile = 'production';
  hone.web = {
    host: '127.0.0.1',
    port: 0,
    hosts: [HOST],
    users: { vic: { token_sha256: sha256(TOKENS.vic), roles: { '*': 'viewer' } } },
  };
}

test('B44: a role in the form changes nothing, and a decision in production asks for the token again', async () => {
  const vic = await signedIn('vic');
  const form = {
    csrf: await csrfOf(vic),
    kind: 'approve',
    packet: '1f3a9c2e',
    role: 'admin',
    by: 'ana',
    to: '1',
    reason: 'x',
  };
  for (const url of [DECISION, ROLLBACK]) {
    const answer = await vic.post(url, form);
    expect(answer.statusCode).toBe(403);
    expect(answer.body).toContain('vic is viewer');
  }
  const ana = await signedIn('ana');
  const csrf = await csrfOf(ana);
  const glass = await ana.post(DECISION, { csrf, kind: 'break_glass', packet: '1f3a9c2e', comment: 'a fire' });
  expect(glass.statusCode).toBe(403);
  expect(glass.body).toContain('ana is approver');
  for (const token of ['', TOKENS.vic])
    expect((await ana.post(DECISION, { csrf, kind: 'approve', packet: '1f3a9c2e', token })).statusCode).toBe(401);
});

/** The token of the forms of a session. */
async function csrfOf(browser: Awaited<ReturnType<typeof signedIn>>): Promise<string> {
  await browser.get(`/models/${MODEL}/rollout`);
  return await browser.csrf();
}

test('B45: nothing is changed by GET, from another page, without the token of the form, or without a session', async () => {
  const before = await (await head(local)).seq;
  const browser = local.browser();
  await browser.get(`/models/${MODEL}/rollout`);
  const form = { csrf: await browser.csrf(), to: '1', reason: 'x' };
  for (const url of [DECISION, ROLLBACK, `/runs/${MODEL}-000003/rollout`]) {
    expect((await browser.get(`${url}?to=1&reason=x&kind=approve&csrf=${form.csrf}`)).statusCode).toBe(404);
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'http://127.0.0.1:9999' },
      { origin: 'null' },
      { origin: `http://${HOST}`, 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of foreign)
      expect((await browser.post(url, form, headers)).statusCode, JSON.stringify(headers)).toBe(403);
    expect((await browser.post(url, { ...form, csrf: 'forged' })).statusCode).toBe(403);
    expect((await local.browser().post(url, form)).statusCode).toBe(401);
    const json = await browser.post(url, form, { 'content-type': 'application/json' });
    expect(json.statusCode).toBe(415);
  }
  expect((await head(local)).seq).toBe(before);
  const [cookie] = [(await local.browser().get('/')).headers['set-cookie']].flat();
  expect(cookie).toMatch(/HttpOnly; SameSite=Lax/);
  const [secure] = [
    (await site.browser('192.0.2.250').post('/sign-in', { token: TOKENS.vic })).headers['set-cookie'],
  ].flat();
  expect(secure).toMatch(/^__Host-hone=.*Secure/);
});

async function head(on: Site) {
  const { openLedger } = await import('../../src/registry/ledger.ts');
  return { seq: (await openLedger(on.store, MODEL).head())?.seq };
}

test('B46: no page is framed, served under a foreign name, or answers a method of odd spelling', async () => {
  const { headers } = await local.browser().get('/');
  expect(headers['x-frame-options']).toBe('DENY');
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['content-security-policy']).not.toContain('unsafe');
  for (const host of ['evil.example', '127.0.0.1.evil.example:8089']) {
    const answer = await local.app.inject({ url: '/', headers: { host } });
    expect(answer.statusCode, host).toBe(421);
    expect(answer.headers['set-cookie']).toBeUndefined();
  }
  expect((await site.app.inject({ url: '/', headers: { host: 'localhost' } })).statusCode).toBe(421);
  await local.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = local.app.server.address() as { port: number };
  for (const method of ['pOsT', 'get', 'GeT'])
    expect(await raw(port, `${method} / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 400/,
    );
  expect(await raw(port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 421/);
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const)
    expect((await local.app.inject({ method, url: '/', headers: { host: HOST } })).statusCode).toBe(404);
});

function raw(port: number, text: string): Promise<string> {
  return new Promise((done, fail) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(text));
    socket.on('data', (part) => {
      answer += part.toString();
    });
    socket.on('close', () => done(answer)).on('error', fail);
  });
}

test('B47: a form that was captured is worth nothing in another session, nor after signing out', async () => {
  const [first, second] = [await signedIn('vic'), await signedIn('vic')];
  const captured = await csrfOf(first);
  expect((await second.post('/sign-out', { csrf: captured })).statusCode).toBe(403);
  expect((await first.post('/sign-out', { csrf: captured })).statusCode).toBe(303);
  expect((await first.post('/sign-out', { csrf: captured })).statusCode).toBe(401);
});

test('B48: too many tries are answered 429 with Retry-After; others, and other models, go on', async () => {
  const fresh = await openSite({ fill: tell });
  const browser = fresh.browser();
  await browser.get(`/models/${MODEL}/rollout`);
  const csrf = await browser.csrf();
  const codes: number[] = [];
  for (let i = 0; i < 1000; i++)
    codes.push((await browser.post(ROLLBACK, { csrf, to: 'none', reason: 'x' })).statusCode);
  expect(codes.slice(0, 30).every((code) => code === 400)).toBe(true);
  expect(codes.slice(30).every((code) => code === 429)).toBe(true);
  const refused = await browser.post(ROLLBACK, { csrf, to: 'none', reason: 'x' });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect((await browser.post('/models/electricity-price/rollback', { csrf, to: 'none', reason: 'x' })).statusCode).toBe(
    400,
  );
  expect((await browser.get('/')).statusCode).toBe(200);
  await fresh.close();
});

test('signing in leads back to a page of ours only', async () => {
  for (const [next, to] of [
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    [`/models/${MODEL}`, `/models/${MODEL}`],
  ] as const) {
    const fresh = await openSite({ hone: production, env: {} });
    expect((await fresh.browser().post('/sign-in', { token: TOKENS.vic, next })).headers.location).toBe(to);
    await fresh.close();
  }
});

test('the pages do not start where strangers could reach them unsigned, or where nobody could sign in', () => {
  const { hone } = local.workspace;
  const web = { host: '0.0.0.0', port: 1 };
  expect(() => openPeople({ ...hone, web }, {})).toThrow(PagesNotSafe);
  expect(() => openPeople({ ...hone, profile: 'production', web }, {})).toThrow('nobody could sign in');
  const users = { ana: { token_sha256_env: 'NOT_SET', roles: {} } };
  expect(() => openPeople({ ...hone, profile: 'production', web: { ...web, users } }, {})).toThrow(
    'NOT_SET holds no SHA-256',
  );
});

test('what the worker logged about a failed run is shown to operators, as text; without a log the page says where to look', async () => {
  await putFailedRun(site.store);
  const [ana, vic] = [await signedIn('ana'), await signedIn('vic')];
  const page = async (browser: typeof ana) => (await browser.get(`/runs/${FAILED}`)).body;
  expect(await page(ana)).toContain('The worker’s log is not in this workspace');
  expect(await page(ana)).toContain(`hone run retry ${FAILED} --from train`);

  await writeLog(site.workspace.dir);
  const shown = await page(ana);
  expect(shown).toContain('What the worker logged: 1 line');
  expect(shown).toContain('<code>HONE_TRAINER_FAILED</code> &quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(shown).not.toContain('of another');
  const denied = await page(vic);
  expect(denied).toContain('The worker’s log is for operators.');
  expect(denied).not.toContain('HONE_TRAINER_FAILED');
});
