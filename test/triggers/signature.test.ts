import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { readEventKeys, signerOf } from '../../src/triggers/signature.ts';

const secret = (fill: number) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
const environment = { OLD: secret(1), NEW: secret(2), FOREIGN: secret(3) };
const keys = readEventKeys(
  [
    { by: 'old sender', env: 'OLD' },
    { by: 'new sender', env: 'NEW' },
  ],
  environment,
);
const now = Date.parse('2026-11-22T12:00:00.250Z');
const body = Buffer.from('{"id":"17","what":"a new région"}');

/** As the published library signs. */
function signed(env: keyof typeof environment, content = body, at = now, id = 'msg_1') {
  const time = new Date(at);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': new Webhook(environment[env]).sign(id, time, content.toString()),
  };
}
const refusal = (headers: Record<string, string | string[] | undefined>, content = body, at = now) => {
  try {
    return signerOf(keys, headers, content, at).by;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test('the vector of the Standard Webhooks specification is accepted', () => {
  const vector = readEventKeys([{ by: 'x', env: 'K' }], { K: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  expect(signerOf(vector, headers, Buffer.from('{"test": 2432232314}'), 1_614_265_330_000).by).toBe('x');
});

describe('a signature', () => {
  test('of either key counts, and tells who signed', () => {
    expect(refusal(signed('OLD'))).toBe('old sender');
    expect(refusal(signed('NEW'))).toBe('new sender');
  });

  test('may stand among others, of other keys and other kinds', () => {
    const one = signed('NEW');
    const several = `v1a,AAAA v1,${Buffer.alloc(32).toString('base64')} v1, ${one['webhook-signature']}`;
    expect(refusal({ ...one, 'webhook-signature': several })).toBe('new sender');
  });

  test.each<[what: string, headers: Record<string, string | string[] | undefined>, code: string]>([
    ['of a foreign key', signed('FOREIGN'), 'HONE_EVENT_SIGNATURE_INVALID'],
    ['of another body', signed('NEW', Buffer.from('{}')), 'HONE_EVENT_SIGNATURE_INVALID'],
    ['of another id', { ...signed('NEW'), 'webhook-id': 'msg_2' }, 'HONE_EVENT_SIGNATURE_INVALID'],
    [
      'of another time',
      { ...signed('NEW'), 'webhook-timestamp': String(Math.floor(now / 1000) + 1) },
      'HONE_EVENT_SIGNATURE_INVALID',
    ],
    ['of another kind only', { ...signed('NEW'), 'webhook-signature': 'v1a,AAAA' }, 'HONE_EVENT_SIGNATURE_INVALID'],
    ['cut short', { ...signed('NEW'), 'webhook-signature': 'v1,AAAA' }, 'HONE_EVENT_SIGNATURE_INVALID'],
    ['without a value', { ...signed('NEW'), 'webhook-signature': '' }, 'HONE_EVENT_UNSIGNED'],
    ['without an id', { ...signed('NEW'), 'webhook-id': undefined }, 'HONE_EVENT_UNSIGNED'],
    ['given twice', { ...signed('NEW'), 'webhook-id': ['a', 'b'] }, 'HONE_EVENT_UNSIGNED'],
    ['without a time', { ...signed('NEW'), 'webhook-timestamp': undefined }, 'HONE_EVENT_UNSIGNED'],
    ['with a date for a time', { ...signed('NEW'), 'webhook-timestamp': '2026-11-22' }, 'HONE_EVENT_UNSIGNED'],
    ['without end', { ...signed('NEW'), 'webhook-signature': 'v1,'.repeat(1000) }, 'HONE_EVENT_UNSIGNED'],
    ['six minutes old', signed('NEW', body, now - 360_000), 'HONE_EVENT_SIGNATURE_EXPIRED'],
    ['six minutes ahead', signed('NEW', body, now + 360_000), 'HONE_EVENT_SIGNATURE_EXPIRED'],
    ['old and of a foreign key', signed('FOREIGN', body, now - 360_000), 'HONE_EVENT_SIGNATURE_INVALID'],
  ])('%s is refused', (_what, headers, code) => {
    expect(refusal(headers)).toBe(code);
  });

  test('counts for five minutes on either side', () => {
    expect(refusal(signed('NEW', body, now - 299_000))).toBe('new sender');
    expect(refusal(signed('NEW', body, now + 299_000))).toBe('new sender');
  });

  test('never passes by chance, whatever the headers hold', () => {
    const text = fc.string({ maxLength: 60 });
    fc.assert(
      fc.property(text, text, text, (id, time, signature) => {
        const headers = { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature };
        expect(refusal(headers)).toMatch(/^HONE_EVENT_(UNSIGNED|SIGNATURE_INVALID)$/);
      }),
    );
  });
});

describe('a key', () => {
  test.each([
    ['not set', undefined],
    ['empty', ''],
    ['no base64', 'whsec_no base64 at all, by any means'],
    ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
  ])('that is %s stops the server and is not repeated', (_what, value) => {
    let message = '';
    try {
      readEventKeys([{ by: 'x', env: 'HONE_EVENT_KEY' }], { HONE_EVENT_KEY: value });
    } catch (error) {
      message = (error as Error).message;
      expect(error).toMatchObject({ code: 'HONE_EVENT_KEY_UNUSABLE', exitCode: 2 });
    }
    expect(message).toContain('HONE_EVENT_KEY');
    if (value) expect(message).not.toContain(value.replace('whsec_', ''));
  });

  test('may be written without its prefix', () => {
    const bare = { K: environment.NEW.replace('whsec_', '') };
    expect(readEventKeys([{ by: 'x', env: 'K' }], bare)[0]?.secret).toEqual(Buffer.alloc(32, 2));
  });
});
