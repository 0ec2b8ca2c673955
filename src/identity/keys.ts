/** Keys of people: a private one in a file that only its owner reads, the public one in `config/hone.yaml`. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { PersonKey } from '../config/hone.ts';
import { subjectOf } from '../config/people.ts';
import { sha256Of } from '../store/digest.ts';
import { KeyFileExposed } from './errors.ts';

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410) is this and then the 32 bytes of the key. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

export interface SigningKey {
  readonly id: string;
  /** 32 bytes as base64. */
  readonly public: string;
  readonly private: KeyObject;
}

export function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return signingKey(privateKey);
}

/** The public key as node:crypto takes it. */
export function publicKeyOf(key: Pick<PersonKey, 'public'>): KeyObject {
  return createPublicKey({
    key: Buffer.concat([SPKI_HEAD, Buffer.from(key.public, 'base64')]),
    format: 'der',
    type: 'spki',
  });
}

export function keyId(publicKey: string): string {
  return sha256Of(Buffer.from(publicKey, 'base64')).slice(0, 16);
}

/** `HONE_IDENTITY`, or `hone/identity` under the folder for configuration of this account. */
export function identityFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (env['HONE_IDENTITY']) return env['HONE_IDENTITY'];
  const base = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return join(base, 'hone', 'identity');
}

/** @returns the file's path; it is readable by its owner only */
export async function saveKey(folder: string, name: string, key: SigningKey): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, fileOf(name, key.id));
  await writeFile(path, key.private.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
  await chmod(path, 0o600);
  return path;
}

/**
 * The keys of a person on this machine.
 *
 * @throws KeyFileExposed when others on this machine may read one
 */
export async function savedKeys(folder: string, name: string): Promise<SigningKey[]> {
  const start = fileOf(name, '').replace(/\.pem$/, '');
  const files = (await readdir(folder).catch(() => [])).filter(
    (file) => file.startsWith(start) && file.endsWith('.pem'),
  );
  return await Promise.all(
    files.sort().map(async (file) => {
      const path = join(folder, file);
      if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) throw new KeyFileExposed(path);
      return signingKey(createPrivateKey(await readFile(path)));
    }),
  );
}

function signingKey(privateKey: KeyObject): SigningKey {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const text = der.subarray(SPKI_HEAD.length).toString('base64');
  return { id: keyId(text), public: text, private: privateKey };
}

/** Names are free text: their hash is safe in a path, and spellings of one person share it. */
const fileOf = (name: string, id: string): string => `${sha256Of(subjectOf(name)).slice(0, 12)}-${id}.pem`;
