/** A backtest: every policy through the same past, then what each reached, what it cost and which one to take. */
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import { withDuckDb } from '../data/engine.ts';
import { openWorkshop } from './candidates.ts';
import type { BacktestReport } from './contract.ts';
import { NothingToReplay, PolicyNamedTwice, TaskNotReplayed, TriggerNeedsGate } from './errors.ts';
import { openPast, type Past, rowAt } from './past.ts';
import type { Policy } from './policy.ts';
import { type Replay, replay } from './replay.ts';
import { reportOf } from './report.ts';
import { openServedLog } from './served-log.ts';
import { openTrainings } from './trainings.ts';

export interface BacktestInput {
  readonly config: ModelConfig;
  readonly policies: readonly Policy[];
  /** ISO instants: the first version is trained at `from`; rows before `to` are scored. */
  readonly from: string;
  readonly to: string;
  /** When the world is known to have changed: how long each policy took to answer is then told. */
  readonly shift?: string;
  readonly base: string;
  readonly workDir: string;
  /** Models outlive the backtest here. */
  readonly cacheDir: string;
  /** How many trainers run at once; 2 by default. */
  readonly trainers?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentence: string) => void;
}

/**
 * Writes nothing but models under `cacheDir`. The same input gives the same report, but for the processor time of
 * trainings, which is measured when a model is made and kept with it.
 *
 * @throws TaskNotReplayed, NothingToReplay, PolicyNamedTwice, TriggerNeedsGate; what ingest, features, trainer and gate throw
 */
export async function backtest(input: BacktestInput): Promise<BacktestReport> {
  const { past, replays } = await replayPolicies(input);
  input.onProgress?.('comparing the policies');
  return reportOf(past, replays, input.shift ?? null);
}

/** The replays alone, in the order of the policies. @throws as `backtest` */
export async function replayPolicies(input: BacktestInput): Promise<{ past: Past; replays: Replay[] }> {
  const { config, policies, from, to, workDir, onProgress = () => undefined } = input;
  if (config.task === 'multiclass') throw new TaskNotReplayed(config.model, config.task);
  refuseBadPolicies(policies);
  const refuse = (why: string) => new NothingToReplay(config.model, from, to, why);
  if (!(Date.parse(from) < Date.parse(to))) throw refuse('--to is not after --from');
  onProgress('reading the source');
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(input.signal ? [input.signal] : [])]);
  const past = await openPast({ ...input, signal });
  const scored = rowAt(past, Date.parse(to)) - rowAt(past, Date.parse(from));
  if (scored === 0) throw refuse(`the source has no row then; its oldest is of ${past.earliest}`);

  const days = new Map<string, string>();
  let models = '';
  const tell = () => onProgress(`replaying ${[...days].map(([name, day]) => `${name} at ${day}`).join(', ')}${models}`);
  const trainings = openTrainings({
    ...{ past, cacheDir: input.cacheDir, trainers: input.trainers ?? 2 },
    onTrained: ({ trained, cached }) => {
      models = `; ${trained} trained, ${cached} from the cache`;
      tell();
    },
  });
  const workshop = openWorkshop(past, trainings);
  const replays = await withDuckDb({ tempDir: join(workDir, 'log'), threads: 1 }, async (db): Promise<Replay[]> => {
    const log = await openServedLog(db, past, workDir);
    for (const { name } of policies) days.set(name, from.slice(0, 10));
    const one = async (policy: Policy): Promise<Replay> => {
      const done = await replay(policy, workshop, log, (day) => {
        days.set(policy.name, day);
        tell();
      });
      days.delete(policy.name);
      return done;
    };
    return allOrFirstError(policies.map(one), failed);
  });
  return { past, replays };
}

function refuseBadPolicies(policies: readonly Policy[]): void {
  const names = new Set<string>();
  for (const { name, gate, config } of policies) {
    if (names.has(name)) throw new PolicyNamedTwice(name);
    names.add(name);
    if (!gate && config.triggers.performance.enabled) throw new TriggerNeedsGate(name);
  }
}

/** The first failure stops the others; all are waited for, so that nothing still reads files that are removed afterwards. */
async function allOrFirstError<T>(work: readonly Promise<T>[], others: AbortController): Promise<T[]> {
  let first: { readonly error: unknown } | undefined;
  for (const one of work) {
    one.catch((error: unknown) => {
      first ??= { error };
      others.abort();
    });
  }
  const ended = await Promise.allSettled(work);
  if (first) throw first.error;
  return ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}
