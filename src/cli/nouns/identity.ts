/** `hone identity`: keys with which people sign their decisions. The private one never leaves this machine. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { People } from '../../config/hone.ts';
import { HONE_FILE } from '../../config/load.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { table } from '../table.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program.command('identity').description('keys with which people sign their decisions');
  withExamples(noun, [
    ['identity enrol ana', 'a new key: private here, public in config/hone.yaml'],
    ['identity enrol ana --rotate', 'a new one in place of the old one'],
    ['identity revoke ana --reason "laptop lost"', 'what it signed counts no more'],
  ]);
  noun
    .command('enrol <name>')
    .description('make a key for a person and write its public half into config/hone.yaml')
    .option('--rotate', 'retire the key in force; what it has signed stays valid')
    .action((name: string, options: { rotate?: true }) => enrol(context, name, options.rotate === true));
  noun
    .command('show [name]')
    .description('who has which keys, and whether this machine holds the private half')
    .action((name: string | undefined) => show(context, name));
  noun
    .command('revoke <name>')
    .description('a key is lost or known to others: nothing that it signs counts from now on')
    .option('--key <id>', 'only this one (default: all keys of the person)')
    .requiredOption('--reason <text>', 'why')
    .action((name: string, options: { key?: string; reason: string }) => revoke(context, name, options));
}

const THEN = 'It counts once it is applied: hone config apply';

async function enrol(context: CliContext, name: string, rotate: boolean): Promise<void> {
  const { hone, dir } = await context.workspace();
  const { identityFolder, newKey, saveKey } = await import('../../identity/keys.ts');
  const { withKey, writePeople } = await import('../../identity/enrolment.ts');
  const key = newKey();
  const people = withKey(hone.people ?? {}, name, key, new Date().toISOString(), rotate);
  const file = await saveKey(identityFolder(context.terminal.env), name, key);
  await writePeople(join(dir, HONE_FILE), people);
  context.show({ name, key: key.id, public: key.public, file }, () =>
    [
      `${name} signs with key ${key.id} from now on.`,
      `Private half: ${file} (only you can read it; keep no copy elsewhere)`,
      `Public half: ${HONE_FILE}`,
      THEN,
    ].join('\n'),
  );
}

async function revoke(
  context: CliContext,
  name: string,
  { key, reason }: { key?: string; reason: string },
): Promise<void> {
  const { hone, dir } = await context.workspace();
  const { enrolledName, withoutKey, writePeople } = await import('../../identity/enrolment.ts');
  const people = withoutKey(hone.people ?? {}, name, key, reason, new Date().toISOString());
  await writePeople(join(dir, HONE_FILE), people);
  const known = enrolledName(people, name) ?? name;
  context.show({ name: known, keys: people[known]?.keys ?? [] }, () =>
    [
      `Revoked in ${HONE_FILE}: ${reason}.`,
      'Approvals of runs that still wait and carry its signature will not count.',
      THEN,
    ].join('\n'),
  );
}

async function show(context: CliContext, name: string | undefined): Promise<void> {
  const { hone } = await context.workspace();
  const { identityFolder, savedKeys } = await import('../../identity/keys.ts');
  const { enrolledName } = await import('../../identity/enrolment.ts');
  const people = hone.people ?? {};
  const wanted = name === undefined ? Object.keys(people) : [enrolledName(people, name) ?? name];
  const rows: ShownKey[] = [];
  for (const person of wanted) {
    const here = new Set((await savedKeys(identityFolder(context.terminal.env), person)).map(({ id }) => id));
    for (const key of people[person]?.keys ?? []) rows.push({ name: person, ...key, private_here: here.has(key.id) });
  }
  context.show({ keys: rows }, () => identityText(rows));
}

type ShownKey = { readonly name: string; readonly private_here: boolean } & People[string]['keys'][number];

export function identityText(rows: readonly ShownKey[]): string {
  if (rows.length === 0) return 'Nobody has a key: names are taken as given. Make one: hone identity enrol <name>';
  const cells = rows.map(({ name, id, since, retired, revoked, private_here }) => [
    name,
    id,
    since.slice(0, 10),
    revoked
      ? `revoked ${revoked.at.slice(0, 10)}: ${revoked.reason}`
      : retired
        ? `retired ${retired.slice(0, 10)}`
        : 'in force',
    private_here ? 'yes' : 'no',
  ]);
  return table(['NAME', 'KEY', 'SINCE', 'STATE', 'PRIVATE HERE'], cells);
}
