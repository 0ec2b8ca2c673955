/** The pages over a small real store, asked without a socket; Temporal is away unless a test brings one. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { connectLazily, type HoneClient } from '../../src/client/connect.ts';
import type { HoneConfig } from '../../src/config/hone.ts';
import { loadWorkspace, type Workspace } from '../../src/config/load.ts';
import { type TickReport, tickReport } from '../../src/monitoring/contract.ts';
import { tickKey } from '../../src/monitoring/read-ticks.ts';
import { putDocument } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { buildPages } from '../../src/web/app.ts';
import { openPeople } from '../../src/web/people.ts';
import { openSources } from '../../src/web/sources.ts';
import { ROOT } from '../config/workspace.ts';

export interface Site {
  readonly app: FastifyInstance;
  readonly store: ObjectStore;
  readonly workspace: Workspace;
  /** As a browser that keeps its cookie. */
  /** @param address that it asks from */
  browser(address?: string): Browser;
  close(): Promise<void>;
}

export interface Browser {
  get(url: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
  /** From the page `from` with its token. */
  post(url: string, form: Record<string, string>, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
  /** The token of the forms that this browser was shown. */
  csrf(): Promise<string>;
}

export const HOST = '127.0.0.1:8089';

/** A workspace of its own with nobody at Temporal's address; the caller closes it. */
export async function openSite(
  options: {
    fill?: (store: ObjectStore, dir: string) => Promise<void>;
    hone?: (hone: HoneConfig) => void;
    /** Models beside the shipped ones, each a copy of `flights-delay`. */
    models?: readonly string[];
    client?: HoneClient;
    /** Stands between the pages and the store. */
    store?: (real: ObjectStore) => ObjectStore;
    workspace?: Workspace;
    env?: NodeJS.ProcessEnv;
  } = {},
): Promise<Site> {
  const dir = options.workspace?.dir ?? (await mkdtemp(join(tmpdir(), 'hone-web-')));
  if (!options.workspace) await cp(join(ROOT, 'config'), join(dir, 'config'), { recursive: true });
  const store = openStore(options.workspace?.hone.store ?? 'file:store', dir);
  await options.fill?.(store, dir);
  const workspace = options.workspace ?? (await loadWorkspace(dir));
  const hone = structuredClone(workspace.hone) as HoneConfig;
  if (!options.client) hone.temporal.address = '127.0.0.1:1';
  options.hone?.(hone);
  const shipped = workspace.models.get('flights-delay');
  const copies = (options.models ?? []).flatMap((model) =>
    shipped === undefined ? [] : [[model, { ...shipped, config: { ...shipped.config, model } }] as const],
  );
  const changed = { ...workspace, hone, models: new Map([...workspace.models, ...copies]) };
  const client = options.client ?? connectLazily(hone);
  const logger = createLogger('test', 'silent');
  const app = await buildPages(
    hone,
    openSources({ workspace: changed, store: options.store?.(store) ?? store, client, logger }),
    openPeople(hone, options.env ?? {}),
  );
  await app.ready();
  return {
    ...{ app, store, workspace: changed },
    browser: (address) => openBrowser(app, address),
    async close() {
      await app.close();
      if (!options.client) await client.close();
      if (!options.workspace) await rm(dir, { recursive: true, force: true });
    },
  };
}

function openBrowser(app: FastifyInstance, remoteAddress = '127.0.0.1'): Browser {
  let cookie = '';
  let token = '';
  const keep = (response: LightMyRequestResponse) => {
    const [set] = [response.headers['set-cookie']].flat();
    if (set) cookie = set.split(';')[0] ?? '';
    token = /name="csrf" value="([^"]+)"/.exec(response.body)?.[1] ?? token;
    return response;
  };
  const browser: Browser = {
    get: async (url, headers = {}) =>
      keep(await app.inject({ method: 'GET', url, remoteAddress, headers: { host: HOST, cookie, ...headers } })),
    post: async (url, form, headers = {}) => {
      const sent = {
        host: HOST,
        cookie,
        origin: `http://${HOST}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      };
      return keep(
        await app.inject({
          method: 'POST',
          url,
          remoteAddress,
          headers: sent,
          payload: new URLSearchParams(form).toString(),
        }),
      );
    },
    csrf: async () => token,
  };
  return browser;
}

/** A look of monitoring as a tick would store it. */
export async function putTick(store: ObjectStore, report: TickReport): Promise<void> {
  await putDocument(store, tickKey(report.model, report.as_of), tickReport.parse(report));
}

export const readAsset = (name: string) => readFile(join(ROOT, 'src/web/assets', name), 'utf8');
