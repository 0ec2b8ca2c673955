/** Starts the pages of a workspace and closes them in order. */
import { connectLazily } from '../client/connect.ts';
import type { Workspace } from '../config/load.ts';
import { openStore } from '../store/open-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { buildPages } from './app.ts';
import { PagesNotSafe } from './errors.ts';
import { openPeople } from './people.ts';
import { overview } from './reads/overview.ts';
import { openSources } from './sources.ts';

export interface RunningPages {
  readonly url: string;
  close(): Promise<void>;
}

/** @throws PagesNotSafe before anything listens */
export async function startPages(workspace: Workspace, logger: Logger, env: NodeJS.ProcessEnv): Promise<RunningPages> {
  const { hone, dir } = workspace;
  const { web } = hone;
  if (web === undefined)
    throw new PagesNotSafe('config/hone.yaml says nothing about them', 'Write: web: { host: 127.0.0.1, port: 8089 }');
  const people = openPeople(hone, env);
  const client = connectLazily(hone, logger);
  const sources = openSources({ workspace, store: openStore(hone.store, dir), client, logger });
  const app = await buildPages(hone, sources, people);
  const url = await app.listen({ host: web.host, port: web.port });
  // With many models the first look reads every ledger: nobody has to wait for it.
  overview(sources, () => true).catch((error: unknown) => logger.warn({ err: error }, 'the models could not be read'));
  return {
    url,
    async close() {
      await app.close();
      await client.close();
    },
  };
}
