/** The command line in this process, a workspace of its own, and a small history told through the registry. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { commandOf, PRINTED } from '../../src/cli/documents/commands.ts';
import { failure } from '../../src/cli/documents.ts';
import { main } from '../../src/cli/main.ts';
import * as changes from '../../src/registry/changes.ts';
import type { VersionManifest } from '../../src/registry/contract.ts';
import { type Ledger, openLedger } from '../../src/registry/ledger.ts';
import type { Step } from '../../src/registry/state.ts';
import { attest, writeVersion } from '../../src/registry/versions.ts';
import { putBlob } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { ROOT } from '../config/workspace.ts';

export const MODEL = 'flights-delay';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A copy of the shipped configuration, its store beside it. Removed when the test ends. */
export async function workspace(): Promise<{
  dir: string;
  store: ObjectStore;
  hone(...argv: string[]): Promise<Said>;
}> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-cli-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await cp(join(ROOT, 'config'), join(dir, 'config'), { recursive: true });
  return { dir, store: openStore('file:.hone/store', dir), hone: (...argv) => hone(dir, argv) };
}

/** The same on the store of a served model. */
export async function workspaceOn(served: { readonly dir: string }): ReturnType<typeof workspace> {
  const made = await workspace();
  const file = join(made.dir, 'config/hone.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('file:.hone/store', `file:${join(served.dir, 'store')}`));
  return made;
}

/** Runs one command as a terminal without colours would see it, at a fixed time. */
export async function hone(
  cwd: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  ask?: (question: string) => Promise<string>,
): Promise<Said> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(argv, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    isTty: false,
    ...(ask ? { ask } : {}),
    env,
    cwd,
    now: () => new Date('2013-04-12T06:00:00Z'),
  });
  if (argv.includes('--json')) requireAsPublished(argv, out.join(''));
  return { code, out: out.join(''), err: err.join('') };
}

/** What is printed with `--json` fits the published schema of the command, or of a failure. */
function requireAsPublished(argv: readonly string[], out: string): void {
  const command = commandOf(argv);
  if (command === undefined || out === '' || argv.includes('--help')) return;
  const document: unknown = JSON.parse(out);
  const schema = failure.safeParse(document).success ? failure : PRINTED[command];
  const fits = schema?.safeParse(document);
  if (!fits?.success)
    throw new Error(`hone schema ${command} does not allow what was printed:\n${fits && z.prettifyError(fits.error)}`);
}

/** Version 1 by hand, version 2 by a schedule and rolled back; version 3 of an active run in a canary. */
export async function tellHistory(store: ObjectStore): Promise<Ledger> {
  const ledger = openLedger(store, MODEL);
  let run = '';
  let as_of = '2013-03-01T00:00:00.000Z';
  const write = (step: Step, effect: string, actor = 'hone', why = 'gate passed') =>
    ledger.append({ effectId: `${run}/${effect}`, as_of, actor, trust: 'system', why, step });
  const config = 'c'.repeat(64);

  await write(changes.applyConfig(config), 'config/apply', 'dana', 'hone config apply');
  const begin = async (number: number, trigger: string, time: string) => {
    run = changes.runId(MODEL, number);
    as_of = time;
    await write(changes.startRun({ run, trigger, config, as_of, now: as_of }), 'start', 'hone', `asked by ${trigger}`);
    const manifest = await writeVersion(store, await manifestOf(store, number, run, trigger, as_of));
    await write(changes.registerVersion({ version: number, run, manifest }), 'train/register');
    await write(
      changes.stageVersion({ version: number, packet: 'e'.repeat(64) }),
      'approve/stage',
      'ana',
      'looks good',
    );
    await attest(store, MODEL, number, 'approval-1', {
      packet: 'eeeeeeee',
      verdict: { kind: 'approved', by: ['ana'], comment: 'looks good' },
    });
    const rollout = { version: number, effectId: `${run}/deploy/prepare`, lease: `models/${MODEL}/leases/${run}.json` };
    await write(changes.prepareRollout(rollout), 'deploy/prepare');
  };
  const finish = async (version: number, as: 'first' | 'better') => {
    await write(
      changes.promote({ version, effectId: `${run}/deploy/promote`, as, as_of, labels: 40_000 }),
      'deploy/promote',
    );
    const trigger = version === 1 ? 'manual' : 'schedule';
    await write(changes.endRun({ run, outcome: 'promoted', version, as_of, trigger }), 'end');
  };
  await begin(1, 'manual', '2013-03-01T00:00:00.000Z');
  await finish(1, 'first');
  await begin(2, 'schedule', '2013-04-01T10:00:00.000Z');
  await finish(2, 'better');
  as_of = '2013-04-02T09:30:00.000Z';
  const back = { to: 1, reason: 'complaints', automatic: false, effectId: 'rollback/1', as_of };
  await write(changes.rollBack(back), 'rollback', 'kim', 'complaints from the desk at EWR, see ticket 4711');
  await begin(3, 'performance', '2013-04-10T00:00:00.000Z');
  const step = { version: 3, share: 5, effectId: `${run}/deploy/5`, lease: `models/${MODEL}/leases/${run}.json` };
  await write(changes.stepRollout(step), 'deploy/5');
  return ledger;
}

async function manifestOf(
  store: ObjectStore,
  version: number,
  run: string,
  trigger: string,
  as_of: string,
): Promise<VersionManifest> {
  const day = (back: number) => new Date(Date.parse(as_of) - back * 86_400_000).toISOString();
  return {
    contract: 1,
    model: MODEL,
    version,
    run,
    trigger,
    as_of,
    registered_at: as_of,
    code: { commit: 'c0ffee'.repeat(6), dirty: false },
    config: 'c'.repeat(64),
    data: { raw: 'b'.repeat(64), features: 'f'.repeat(64), definition: 'd'.repeat(64) },
    params: { n_estimators: 80, learning_rate: 0.1, num_leaves: 31, min_child_samples: 50, reg_lambda: 1 },
    seed: 7,
    trainer: { name: 'lightgbm', digest: null },
    environment: { python: '3.11' },
    geometry: {
      as_of,
      mature_before: day(1),
      train: { from: day(60), to: day(24) },
      validation: { from: day(23), to: day(16) },
      holdout: { from: day(15), to: day(1) },
      gap_ms: 86_400_000,
      fit_end: day(16),
    },
    fit_end: day(16),
    refit: 'judged',
    twin: null,
    metrics: { roc_auc: 0.701234, log_loss: 0.51 },
    files: [await putBlob(store, Buffer.from(`graph ${version}`), 'model.onnx')],
    signature: { contract: 1, task: 'binary', numeric: ['x'], categorical: [], output: 'p', classes: null },
    golden: [{ numeric: [1.5], categorical: [], prediction: [0.25] }],
    reference_profile: null,
    champion: version === 1 ? null : 1,
  };
}
