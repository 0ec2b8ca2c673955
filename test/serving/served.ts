/** One real store with one model, its ledger and tiny real versions; and serving nodes on it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { featureDefinition } from '../../src/data/features/definition.ts';
import * as changes from '../../src/registry/changes.ts';
import type { VersionManifest } from '../../src/registry/contract.ts';
import { type Ledger, openLedger, type Step } from '../../src/registry/ledger.ts';
import { writeVersion } from '../../src/registry/versions.ts';
import { FEATURE_DEFINITION_FILE, MODEL_FILE, type NodeRecord, type Prediction } from '../../src/serving/contract.ts';
import { renewLease } from '../../src/serving/lease.ts';
import { type ServingNode, type ServingNodeOptions, startServingNode } from '../../src/serving/server.ts';
import { putBlob, putByDigest } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { type TinyModel, tinyOnnx, tinyScore } from './tiny-model.ts';

export const model = 'flights-delay';
const asOf = '2013-04-01T00:00:00.000Z';

/** Features `distance` and `dep_hour` (computed), category `carrier`. Version n has bias n / 10. */
export const tiny = (version: number): TinyModel => ({
  weights: [0.001, 0.05],
  levels: { UA: 0.5, AA: -0.5 },
  bias: version / 10,
});

export const row = (id: number, more: Record<string, unknown> = {}) => ({
  flight_id: id,
  tail_number: `N${id}`,
  event_ts: '2013-04-10T12:00:00Z',
  carrier: 'UA',
  distance: 1400,
  sched_dep_minute: 615,
  ...more,
});
export const scoreOf = (version: number) => tinyScore(tiny(version), [1400, 10], 'UA');

export interface Served {
  readonly store: ObjectStore;
  readonly ledger: Ledger;
  readonly dir: string;
  readonly definition: ReturnType<typeof featureDefinition>;
  register(
    version: number,
    edit?: (manifest: VersionManifest) => VersionManifest | Promise<VersionManifest>,
  ): Promise<void>;
  change(what: string, step: Step): Promise<void>;
  /** Registers and promotes. */
  promote(version: number): Promise<void>;
  /** Registers and routes a share to a version, its lease renewed for `ttlMs`. */
  canary(version: number, share: number, ttlMs?: number): Promise<string>;
  start(options?: Partial<ServingNodeOptions>): Promise<Node>;
  close(): Promise<void>;
}

/** Whatever the server says; tests look at the part that they are about. */
export interface Answer {
  readonly predictions: Prediction[];
  readonly error: { readonly code: string; readonly path?: string };
  readonly [other: string]: unknown;
}

export interface Node extends ServingNode {
  /** @returns status and body */
  post(path: string, body: unknown, token?: string): Promise<{ status: number; body: Answer; headers: Headers }>;
  predict(...rows: unknown[]): Promise<Prediction[]>;
  record(): Promise<NodeRecord>;
  until<T>(what: string, look: (record: NodeRecord) => T | undefined | false): Promise<T>;
}

export async function openServed(edit: (config: ModelConfig) => void = () => {}): Promise<Served> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-serving-'));
  const store = openStore(`file:${join(dir, 'store')}`);
  const ledger = openLedger(store, model);
  const config = await tinyConfig(edit);
  const configDigest = await putByDigest(store, 'configs', { model: config, groups: {} });
  const definition = featureDefinition(config);
  const registered = new Set<number>();
  const nodes: ServingNode[] = [];
  let nth = 0;

  const served: Served = {
    store,
    ledger,
    dir,
    definition,
    async register(version, edit = (manifest) => manifest) {
      if (registered.has(version)) return;
      registered.add(version);
      const manifest = await edit(await manifestOf(store, version, configDigest, definition));
      const digest = await writeVersion(store, manifest);
      await served.change(`register ${version}`, changes.registerVersion({ version, run: null, manifest: digest }));
    },
    async change(what, step) {
      nth += 1;
      await ledger.append({ effectId: `test/${nth}`, as_of: asOf, actor: 'test', trust: 'system', why: what, step });
    },
    async promote(version) {
      await served.register(version);
      await served.change(
        'promote',
        changes.promote({ version, effectId: `test/p${version}`, as: 'better', as_of: asOf, labels: null }),
      );
    },
    async canary(version, share, ttlMs = 60_000) {
      await served.register(version);
      const lease = `models/${model}/leases/v${version}.json`;
      await renewLease(store, lease, ttlMs);
      const state = await ledger.state();
      const arm = { version, effectId: `test/c${version}`, lease };
      if (state.aliases.challenger?.version !== version) await served.change('prepare', changes.prepareRollout(arm));
      if (share > 0) await served.change('step', changes.stepRollout({ ...arm, share }));
      return lease;
    },
    async start(options = {}) {
      const node = await startServingNode({
        store,
        models: [model],
        host: '127.0.0.1',
        port: 0,
        node: `n${nodes.length + 1}`,
        pollMs: 50,
        logger: createLogger('test', process.env['HONE_TEST_LOG'] ?? 'silent'),
        cacheDir: join(dir, 'cache'),
        ...options,
      });
      nodes.push(node);
      return nodeAt(node);
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
      await rm(dir, { recursive: true, force: true });
    },
  };
  return served;
}

function nodeAt(node: ServingNode): Node {
  const record = async () => (await (await fetch(`${node.url}/v1/node`)).json()) as NodeRecord;
  const post: Node['post'] = async (path, body, token) => {
    const response = await fetch(`${node.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Answer, headers: response.headers };
  };
  return {
    ...node,
    record,
    post,
    async predict(...rows) {
      const { status, body } = await post(`/v1/models/${model}/predict`, { rows });
      if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
      return body.predictions;
    },
    async until(what, look) {
      for (const deadline = Date.now() + 60_000; Date.now() < deadline; await new Promise((r) => setTimeout(r, 25))) {
        const found = look(await record());
        if (found) return found;
      }
      throw new Error(`not in time: ${what}; ${JSON.stringify((await record()).models)}`);
    },
  };
}

export const following = (version: number) => (record: NodeRecord) =>
  record.models[model]?.champion === version && record.models[model].ready && record.models[model];

async function tinyConfig(edit: (config: ModelConfig) => void): Promise<ModelConfig> {
  const workspace = await loadWorkspace(resolve(import.meta.dirname, '../..'));
  const config = structuredClone(workspace.models.get(model)!.config);
  config.features = {
    use: ['distance', 'carrier'],
    sql: { dep_hour: { type: 'int32', expr: 'sched_dep_minute // 60' } },
    categories: { ...config.features.categories, columns: ['carrier'] },
  };
  edit(config);
  return config;
}

async function manifestOf(
  store: ObjectStore,
  version: number,
  config: string,
  definition: ReturnType<typeof featureDefinition>,
): Promise<VersionManifest> {
  const served = {
    definition,
    raw_types: {
      flight_id: 'BIGINT',
      tail_number: 'VARCHAR',
      event_ts: 'TIMESTAMP',
      carrier: 'VARCHAR',
      distance: 'INTEGER',
      sched_dep_minute: 'INTEGER',
    },
    id: 'flight_id',
    entity: 'tail_number',
    event_time: 'event_ts',
    threshold: 0.5,
  };
  return {
    contract: 1,
    model,
    version,
    run: null,
    trigger: 'manual',
    as_of: asOf,
    registered_at: asOf,
    code: { commit: '0'.repeat(40), dirty: false },
    config,
    data: null,
    params: {},
    seed: 7,
    trainer: { name: 'tiny', digest: null },
    environment: {},
    geometry: null,
    fit_end: null,
    refit: 'judged',
    twin: null,
    metrics: {},
    files: [
      await putBlob(store, tinyOnnx(tiny(version)), MODEL_FILE),
      await putBlob(store, Buffer.from(JSON.stringify(served)), FEATURE_DEFINITION_FILE),
    ],
    signature: {
      contract: 1,
      task: 'binary',
      numeric: [...definition.numeric],
      categorical: [...definition.categorical],
      output: 'score',
      classes: null,
    },
    golden: [{ numeric: [1400, 10], categorical: ['UA'], prediction: [scoreOf(version)] }],
    reference_profile: null,
    champion: null,
  };
}
