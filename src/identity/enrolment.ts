/** Enrol, rotate and revoke: changes of `people` in `config/hone.yaml`, whose comments stay. What was there is never erased. */
import { readFile, writeFile } from 'node:fs/promises';
import { type Document, parseDocument } from 'yaml';
import { type People, people as peopleSchema } from '../config/hone.ts';
import { subjectOf } from '../config/people.ts';
import { IdentityRefused } from './errors.ts';
import type { SigningKey } from './keys.ts';

export type EnrolledKey = People[string]['keys'][number];

/** A key that signatures made now may carry. */
export const inForce = (key: EnrolledKey): boolean => key.revoked === undefined && key.retired === undefined;

/** The name under which a person is enrolled, in whatever spelling it is asked for. */
export function enrolledName(people: People, name: string): string | undefined {
  return Object.keys(people).find((known) => subjectOf(known) === subjectOf(name));
}

/** @throws IdentityRefused when there is a key in force and `rotate` was not asked for, or none and it was */
export function withKey(
  people: People,
  name: string,
  key: Pick<SigningKey, 'id' | 'public'>,
  now: string,
  rotate: boolean,
): People {
  const known = enrolledName(people, name) ?? name;
  const keys = people[known]?.keys ?? [];
  const current = keys.filter(inForce);
  if (current.length > 0 && !rotate)
    throw new IdentityRefused(
      `${known} has the key ${current[0]?.id} already, so nothing was changed. A new one in its place: hone identity enrol ${known} --rotate`,
    );
  if (current.length === 0 && rotate)
    throw new IdentityRefused(`${known} has no key to rotate, so nothing was changed. hone identity enrol ${known}`);
  const retired = keys.map((old) => (inForce(old) ? { ...old, retired: now } : old));
  return { ...people, [known]: { keys: [...retired, { id: key.id, public: key.public, since: now }] } };
}

/** @param id all keys of the person that are not revoked, when left out */
export function withoutKey(people: People, name: string, id: string | undefined, reason: string, now: string): People {
  const known = enrolledName(people, name);
  const keys = known === undefined ? [] : (people[known]?.keys ?? []);
  const meant = keys.filter((key) => key.revoked === undefined && (id === undefined || key.id === id));
  if (known === undefined || meant.length === 0)
    throw new IdentityRefused(
      `${name} has no ${id ? `key ${id}` : 'key'} that could be revoked, so nothing was changed. See: hone identity show`,
    );
  const revoked = keys.map((key) => (meant.includes(key) ? { ...key, revoked: { at: now, reason } } : key));
  return { ...people, [known]: { keys: revoked } };
}

/** Writes the section; everything else in the file, comments too, stays as it is. */
export async function writePeople(file: string, people: People): Promise<void> {
  const document: Document = parseDocument(await readFile(file, 'utf8'));
  document.set('people', document.createNode(peopleSchema.parse(people)));
  await writeFile(file, document.toString({ lineWidth: 120 }));
}
