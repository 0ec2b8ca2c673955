/** Temporal and the person at the keyboard, for the nouns that need them. */
import { userInfo } from 'node:os';
import type { HoneClient } from '../client/connect.ts';
import type { Workspace } from '../config/load.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';

export interface Services {
  readonly workspace: Workspace;
  readonly client: HoneClient;
  readonly store: ObjectStore;
}

/** Connects when Temporal is first needed, and closes whatever happens. */
export async function withServices<T>(context: CliContext, work: (services: Services) => Promise<T>): Promise<T> {
  const workspace = await context.workspace();
  const [{ connectLazily }, store] = [await import('../client/connect.ts'), await context.store()];
  const client = connectLazily(workspace.hone);
  try {
    return await work({ workspace, client, store });
  } finally {
    await client.close();
  }
}

/** Who acts where `--by` is not given: the name of the account on this machine. */
export function person(by: string | undefined): string {
  return by ?? userInfo().username;
}

/** The logical time of this installation. */
export async function asOfOf({ workspace, store }: Pick<Services, 'workspace' | 'store'>): Promise<string> {
  const { asOfNow } = await import('../store/clock.ts');
  return await asOfNow(store, workspace.hone.clock);
}

/** @throws UsageError */
export function instantOption(option: string, text: string): string {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw new UsageError(`${option} ${JSON.stringify(text)} is no time; write one such as 2013-04-10T06:00:00Z.`);
}
