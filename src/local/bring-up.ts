/** `hone up` as one call: what runs already is kept, what is missing is started, the configuration is made current. */
import { type Applied, applyWorkspace } from '../client/apply.ts';
import { connectLazily } from '../client/connect.ts';
import type { Workspace } from '../config/load.ts';
import { openStore, proveConditionalCreate } from '../store/open-store.ts';
import { findTrainer } from '../training/trainers.ts';
import { ProcessAlreadyRunning } from './errors.ts';
import { isListening } from './ports.ts';
import { preflight } from './preflight.ts';
import { ensurePython } from './python.ts';
import {
  isLocalAddress,
  type PartName,
  runningParts,
  startServing,
  startTemporal,
  startWeb,
  startWorker,
} from './up.ts';

export interface BroughtUp {
  readonly dir: string;
  readonly store: string;
  readonly temporal: { readonly address: string; readonly ui: string | null };
  readonly serving: { readonly url: string };
  /** The pages; null where `config/hone.yaml` names none. */
  readonly web: { readonly url: string } | null;
  /** What this call started; the rest ran already. */
  readonly started: readonly PartName[];
  readonly applied: Applied;
}

export interface BringUpOptions {
  /** Ends with this process; false: goes on after it. */
  readonly tied: boolean;
  readonly by: string;
  readonly onProgress: (sentence: string) => void;
}

/**
 * @throws PreflightFailed, StoreWithoutConditionalCreate, TemporalCliMissing, TemporalUnreachable, ApplyRefused,
 * ProcessNotReady; what was started before stays, and `hone down` or another `hone up` takes it from there
 */
export async function bringUp(workspace: Workspace, options: BringUpOptions): Promise<BroughtUp> {
  const { dir, hone } = workspace;
  const { onProgress, tied } = options;
  const running = new Set((await runningParts(dir)).map(({ name }) => name));
  const started: PartName[] = [];
  const need = async (part: PartName, start: () => Promise<unknown>) => {
    if (running.has(part)) return onProgress(`${part}: runs already.`);
    onProgress(`${part}: starting …`);
    try {
      await start();
      started.push(part);
    } catch (error) {
      if (!(error instanceof ProcessAlreadyRunning)) throw error; // another `hone up` was quicker
    }
  };

  await preflight();
  const store = openStore(hone.store, dir);
  await proveConditionalCreate(store);
  const [host = '', port = ''] = hone.temporal.address.split(/:(?=\d+$)/);
  const reachable = await isListening(host.replace(/^\[|\]$/g, ''), Number(port));
  // The server that hone can start by itself speaks no TLS: behind an address with TLS there is another one.
  if (isLocalAddress(hone.temporal.address) && hone.temporal.tls === undefined && !reachable)
    await need('temporal', () => startTemporal(workspace, { tied, onProgress }));

  const client = connectLazily(hone);
  try {
    onProgress('configuration: applying …');
    const applied = await applyWorkspace({ workspace, store, client, by: options.by });
    await prepareTrainers(workspace, onProgress);
    await need('worker', () => startWorker(workspace, { tied }));
    await need('serving', () => startServing(workspace, { tied }));
    const { web } = hone;
    if (web !== undefined) await need('web', () => startWeb(workspace, web, { tied }));
    return {
      dir,
      store: store.uri,
      temporal: { address: hone.temporal.address, ui: hone.temporal.ui },
      serving: { url: `http://${hone.serving.host}:${hone.serving.port}` },
      web: web === undefined ? null : { url: `http://${web.host}:${web.port}` },
      started,
      applied,
    };
  } finally {
    await client.close();
  }
}

/** Now, with progress on the terminal, rather than in the middle of the first training. */
async function prepareTrainers({ dir, models }: Workspace, onProgress: (sentence: string) => void): Promise<void> {
  for (const name of new Set([...models.values()].map(({ config }) => config.training.trainer))) {
    const { requirements } = await findTrainer(name, dir);
    if (requirements !== null) await ensurePython({ requirements, onProgress });
  }
}
