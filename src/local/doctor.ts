/** What `hone doctor` reports: each part, its version, where it comes from, what to do. Obtains and changes nothing. */
import { access, readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { checkServer } from '../client/server-check.ts';
import { loadWorkspace, type Workspace } from '../config/load.ts';
import { HoneError } from '../errors.ts';
import { isHeardFrom } from '../monitoring/checks/service-check.ts';
import { readNodes } from '../serving/nodes.ts';
import { beyondLimits, type ServiceLimits } from '../serving/service-limits.ts';
import { openStore, proveConditionalCreate } from '../store/open-store.ts';
import { honeCacheFolder } from './cache-folder.ts';
import { isListening } from './ports.ts';
import { nodePart, type Part, pythonPart } from './preflight.ts';
import { findTemporalCli, TEMPORAL_VERSION } from './temporal-cli.ts';
import { isLocalAddress, runningParts } from './up.ts';

/** @param dir the workspace; null outside of one: then only the machine is examined */
export async function examine(dir: string | null, env: NodeJS.ProcessEnv = process.env): Promise<Part[]> {
  const machine = [
    nodePart(),
    pythonPart(env),
    temporalCliPart(env),
    trainerPart(env),
    packagePart('DuckDB', '@duckdb/node-api'),
  ];
  const parts = await Promise.all([...machine, packagePart('ONNX Runtime', 'onnxruntime-node')]);
  if (dir === null) return [...parts, absent('Workspace', 'no config/hone.yaml here', 'go to a clone, or use --dir')];
  try {
    const workspace = await loadWorkspace(dir);
    const models = `${workspace.models.size} ${workspace.models.size === 1 ? 'model' : 'models'}`;
    const config: Part = { name: 'Configuration', ok: true, version: models, from: `${dir}/config`, advice: '' };
    return [
      ...parts,
      config,
      await storePart(workspace),
      await temporalServerPart(workspace),
      ...(await processParts(dir)),
      ...(await serverParts(workspace)),
    ];
  } catch (error) {
    if (!(error instanceof HoneError)) throw error;
    return [...parts, absent('Configuration', `${dir}/config`, error.message)];
  }
}

function absent(name: string, from: string, advice: string): Part {
  return { name, ok: false, version: null, from, advice };
}

async function temporalCliPart(env: NodeJS.ProcessEnv): Promise<Part> {
  const name = 'Temporal CLI';
  try {
    const { found } = await findTemporalCli({ env });
    if (found !== undefined)
      return { name, ok: true, version: found.version, from: `${found.how}: ${found.path}`, advice: '' };
    // Not a fault: it is obtained by the first command that needs it.
    return { name, ok: true, version: null, from: `obtained (${TEMPORAL_VERSION}) when first needed`, advice: '' };
  } catch (error) {
    if (error instanceof HoneError) return absent(name, 'HONE_TEMPORAL_CLI', error.message);
    throw error;
  }
}

/** Environments that were built for trainers; one that is missing is built by the first training. */
async function trainerPart(env: NodeJS.ProcessEnv): Promise<Part> {
  const folder = join(honeCacheFolder(env), 'python');
  const names = await readdir(folder).catch(() => []);
  const complete = await Promise.all(
    names.map((name) =>
      access(join(folder, name, 'complete')).then(
        () => 1,
        () => 0,
      ),
    ),
  );
  const count = complete.reduce<number>((sum, one) => sum + one, 0);
  const name = 'Trainer environments';
  if (count === 0) return { name, ok: true, version: null, from: 'built when first needed', advice: '' };
  return { name, ok: true, version: `${count} built`, from: folder, advice: '' };
}

/** A package with native code: present is not enough, it must load on this machine. */
async function packagePart(name: string, id: string): Promise<Part> {
  try {
    await import(id);
    return { name, ok: true, version: await versionOf(id), from: `npm: ${id}`, advice: '' };
  } catch (error) {
    return absent(name, `npm: ${id}`, `it does not load: ${(error as Error).message.split('\n')[0]}. Run npm ci.`);
  }
}

async function versionOf(id: string): Promise<string | null> {
  for (let dir = dirname(createRequire(import.meta.url).resolve(id)); dir !== dirname(dir); dir = dirname(dir)) {
    const text = await readFile(join(dir, 'package.json'), 'utf8').catch(() => undefined);
    const manifest = text === undefined ? undefined : (JSON.parse(text) as { name?: string; version?: string });
    if (manifest?.name === id) return manifest.version ?? null;
  }
  return null;
}

async function storePart({ hone, dir }: Workspace): Promise<Part> {
  const name = 'Store';
  try {
    const store = openStore(hone.store, dir);
    await proveConditionalCreate(store);
    return { name, ok: true, version: 'creates once', from: store.uri, advice: '' };
  } catch (error) {
    if (error instanceof HoneError) return absent(name, hone.store, error.message);
    throw error;
  }
}

async function temporalServerPart({ hone }: Workspace): Promise<Part> {
  const { address, namespace, tls, api_key } = hone.temporal;
  const name = 'Temporal server';
  const port = Number(address.split(':').at(-1));
  // A local one is started by `hone up`; one elsewhere should be there.
  if (isLocalAddress(address) && !(await isListening(address.slice(0, address.lastIndexOf(':')), port)))
    return { name, ok: true, version: 'not running', from: `${address}, started by hone up`, advice: '' };
  const { ok, version, problem } = await checkServer(hone);
  const secured = [...(tls ? ['TLS'] : []), ...(tls?.cert ? ['own certificate'] : []), ...(api_key ? ['API key'] : [])];
  const from = [address, `namespace ${namespace}`, ...secured].join(', ');
  if (!ok) return absent(name, from, problem);
  return { name, ok, version: version ?? 'answers', from, advice: profileAdvice(hone) };
}

/** What a production profile should not be without. Not a fault: a private network may have its own ways. */
function profileAdvice({ profile, temporal: { address, tls } }: Workspace['hone']): string {
  if (profile !== 'production' || tls !== undefined || isLocalAddress(address)) return '';
  return 'production without TLS: whoever is on the network between can read and write histories; set temporal.tls in config/hone.yaml';
}

/** Prediction servers that live, each with the limits that it is beyond. */
async function serverParts({ hone, dir, models }: Workspace): Promise<Part[]> {
  const limits: Record<string, ServiceLimits> = {};
  for (const [model, { config }] of models) if (config.monitoring.service) limits[model] = config.monitoring.service;
  const now = new Date().toISOString();
  const records = await readNodes(openStore(hone.store, dir)).catch(() => []); // a store that fails has a part of its own
  return records
    .filter((record) => isHeardFrom(record, now))
    .map((record) => {
      const beyond = beyondLimits(record, limits, now);
      const version =
        beyond.length === 0 ? 'within limits' : `beyond ${beyond.map(({ measure }) => measure).join(', ')}`;
      const advice = beyond.map(({ sentence }) => sentence).join(' ');
      return { name: 'Prediction server', ok: true, version, from: `${record.node}, ${record.url}`, advice };
    });
}

async function processParts(dir: string): Promise<Part[]> {
  const running = await runningParts(dir);
  return running.map(({ name, pid, log }) => ({
    name: `Process ${name}`,
    ok: true,
    version: `pid ${pid}`,
    from: log ?? '',
    advice: '',
  }));
}
