/** A signature counts for one decision of one person, by a key that is enrolled, and for nothing else. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { People } from '../../src/config/hone.ts';
import { withKey, withoutKey, writePeople } from '../../src/identity/enrolment.ts';
import { keyId, newKey, publicKeyOf, savedKeys, saveKey } from '../../src/identity/keys.ts';
import { type Said, signDecision, verifyDecision } from '../../src/identity/sign.ts';

const folder = await mkdtemp(join(tmpdir(), 'hone-identity-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const enrolledAt = '2026-01-01T00:00:00.000Z';
const laid = '2026-02-01T10:00:00.000Z';
const signedAt = '2026-02-01T10:05:00.000Z';
const [ana, other] = [newKey(), newKey()];
const people: People = withKey(withKey({}, 'ana', ana, enrolledAt, false), 'dana', other, enrolledAt, false);
const said: Said = {
  ...{ model: 'churn', run: 'churn-000001', packet: 'a1b2c3d4'.padEnd(64, '0'), decision: 'approve' },
  ...{ break_glass: false, comment: 'fine', by: 'ana' },
};
const good = signDecision(ana, said, signedAt);
const check = (
  message: Partial<Said> = {},
  signature: unknown = good,
  asked: { people?: People; now?: string; since?: string } = {},
) => verifyDecision({ ...said, ...message }, signature, { people, since: laid, now: signedAt, ...asked });
const problem = (found: ReturnType<typeof verifyDecision>) => ('problem' in found ? found.problem : 'none');

describe('a signature', () => {
  test('of an enrolled key counts, and says whose it is', () => {
    expect(check()).toEqual({ by: 'ana', key: ana.id, nonce: good.nonce });
  });

  test.each([
    ['model', { model: 'fraud' }],
    ['run', { run: 'churn-000002' }],
    ['packet', { packet: 'ffffffff'.padEnd(64, '0') }],
    ['decision', { decision: 'reject' }],
    ['breaking of glass', { break_glass: true }],
    ['comment', { comment: 'fine!' }],
    ['name', { by: 'dana' }],
  ] as const)('is worth nothing for another %s', (_what, message) => {
    expect(problem(check(message as Partial<Said>))).toContain('not the signature of this decision');
  });

  test.each(['at', 'nonce'] as const)('is worth nothing with another %s', (field) => {
    const changed = { at: '2026-02-01T10:04:00.000Z', nonce: 'f'.repeat(32) }[field];
    expect(problem(check({}, { ...good, [field]: changed }))).toContain('not the signature of this decision');
  });

  test('under a key that nobody enrolled, that is revoked, retired or younger does not count', () => {
    expect(problem(check({}, signDecision(newKey(), said, signedAt)))).toContain('nobody has enrolled');
    const revoked = withoutKey(people, 'ana', undefined, 'laptop lost', '2026-03-01T00:00:00.000Z');
    expect(problem(check({}, good, { people: revoked }))).toContain('revoked on 2026-03-01: laptop lost');
    const next = newKey();
    const rotated = withKey(people, 'ANA', next, '2026-02-01T10:04:00.000Z', true);
    expect(problem(check({}, good, { people: rotated }))).toContain('retired');
    expect(check({}, signDecision(next, said, signedAt), { people: rotated })).toMatchObject({
      by: 'ana',
      key: next.id,
    });
    const young = withKey({}, 'ana', ana, '2026-02-02T00:00:00.000Z', false);
    expect(problem(check({}, good, { people: young }))).toContain('younger than the signature');
  });

  test('from before the packet, or from a future that no clock explains, does not count', () => {
    expect(problem(check({}, signDecision(ana, said, '2026-02-01T09:50:00.000Z')))).toContain('before this packet');
    expect(problem(check({}, signDecision(ana, said, '2026-02-01T10:11:00.000Z')))).toContain('in the future');
    expect(check({}, signDecision(ana, said, '2026-02-01T10:09:00.000Z'))).toMatchObject({ by: 'ana' });
  });

  test.each([
    ['nothing', null],
    ['a word', 'signed'],
    ['another algorithm', { ...good, alg: 'none' }],
    ['a short value', { ...good, value: 'AAAA' }],
    ['no nonce', { ...good, nonce: undefined }],
  ])('that is %s does not count, and nothing is thrown', (_what, signature) => {
    expect(problem(check({}, signature))).toContain('not in the form');
  });

  test('of a key that two people have enrolled belongs to neither', () => {
    const shared = withKey({ ...people }, 'kim', ana, enrolledAt, false);
    expect(problem(check({}, good, { people: shared }))).toContain('more than one person');
  });
});

test('the first test of RFC 8032 verifies: the key format is that of everybody else', async () => {
  const { verify } = await import('node:crypto');
  const key = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex').toString('base64');
  const signature = Buffer.from(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    'hex',
  );
  expect(verify(null, Buffer.alloc(0), publicKeyOf({ public: key }), signature)).toBe(true);
});

describe('keys of a person', () => {
  test('lie in a file that only its owner reads, and are found under any spelling of the name', async () => {
    const path = await saveKey(folder, 'Ana@x.org', ana);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await savedKeys(folder, 'ana+work@x.org')).map(({ id }) => id)).toEqual([keyId(ana.public)]);
    expect(await savedKeys(folder, 'dana')).toEqual([]);
    await chmod(path, 0o644);
    await expect(savedKeys(folder, 'ana@x.org')).rejects.toMatchObject({ code: 'HONE_KEY_FILE_EXPOSED' });
  });

  test('are refused twice without rotation, and a revocation of what is not there', () => {
    expect(() => withKey(people, 'ana', newKey(), enrolledAt, false)).toThrow(/--rotate/);
    expect(() => withKey({}, 'ana', newKey(), enrolledAt, true)).toThrow(/no key to rotate/);
    expect(() => withoutKey(people, 'eve', undefined, 'x', enrolledAt)).toThrow(/no key that could be revoked/);
  });

  test('are written into hone.yaml beside its comments', async () => {
    const file = join(folder, 'hone.yaml');
    await writeFile(file, 'profile: local   # for one machine\n# groups decide\ngroups: { ops: [ana] }\n');
    await writePeople(file, people);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('# for one machine');
    expect(text).toContain('# groups decide');
    expect(parse(text)['people']).toEqual(people);
  });
});
