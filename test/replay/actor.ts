/** Plays single turns of a model's life for the recorder: new rules, a trigger, what people do meanwhile, the end. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { applyWorkspace } from '../../src/client/apply.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import type { Outcome, Trigger } from '../../src/workflows/contract.ts';
import type { RunStatus } from '../../src/workflows/messages.ts';
import type { Town } from '../town.ts';

/** Keeps the history of an execution; the newest of that id unless a run id is given. */
export type Keep = (name: string, workflowId: string, runId?: string) => Promise<void>;

const PATIENCE_MS = 300_000;

type ModelFile = Record<string, never> & {
  [section in 'data' | 'training' | 'gate' | 'approval' | 'deploy' | 'triggers']: Record<string, unknown>;
};

export interface Turn {
  readonly ends: readonly (Outcome | 'terminated')[];
  /** Changes to the model's file, for this turn only. */
  readonly rules?: (file: ModelFile) => void;
  readonly trigger?: Partial<Trigger>;
  readonly meanwhile?: (run: string) => Promise<unknown>;
}

export interface Actor {
  /** Plays a run and keeps it as `retraining.<branch>`. @throws Error when it ends otherwise */
  play(branch: string, turn: Turn): Promise<string>;
  /** The same for a run that something else started. */
  follow(branch: string, run: string, turn: Pick<Turn, 'ends' | 'meanwhile'>): Promise<void>;
  rules(edit: Turn['rules']): Promise<void>;
  /** For a person or for labels. */
  waits(run: string): Promise<RunStatus>;
  /** The rollout has reached its first canary step. */
  inCanary(run: string): Promise<unknown>;
  /** An operator's rollback to the previous champion; returns its workflow id once it is done. */
  rollBack(name: string): Promise<string>;
}

/** What a part of a model's life is played with. */
export interface Life {
  readonly town: Town;
  readonly actor: Actor;
  readonly keep: Keep;
}

export async function openActor(town: Town, keep: Keep): Promise<Actor> {
  const { model, client, store } = town;
  const temporal = await client.temporal();
  const path = join(town.dir, 'config', 'models', `${model}.yaml`);
  const usual = await readFile(path, 'utf8');

  const outcomeOf = async (run: string) => {
    const record = await store.find(`models/${model}/runs/${run}/record.json`);
    return record ? (JSON.parse(new TextDecoder().decode(record)) as { outcome: Outcome }).outcome : 'terminated';
  };
  const actor: Actor = {
    async rules(edit) {
      const file = parse(usual) as ModelFile;
      edit?.(file);
      await writeFile(path, stringify(file));
      await applyWorkspace({ workspace: await loadWorkspace(town.dir), store, client, by: 'kim' });
    },
    async play(branch, turn) {
      await actor.rules(turn.rules);
      const { answer, run, reason } = await town.trigger({ reason: branch, ...turn.trigger });
      if (answer !== 'started' || run === null) throw new Error(`${branch} was ${answer}: ${reason}`);
      await actor.follow(branch, run, turn);
      return run;
    },
    async follow(branch, run, { ends, meanwhile }) {
      await meanwhile?.(run);
      const closed = temporal.workflow.getHandle(run).result();
      const settled = closed.then(
        () => true,
        () => true,
      );
      if (!(await Promise.race([settled, sleep(PATIENCE_MS, false, { ref: false })])))
        throw new Error(`${branch} does not end: ${JSON.stringify(await town.status(run))}`);
      const outcome = await outcomeOf(run);
      await keep(`retraining.${branch}`, run);
      if (!ends.includes(outcome)) throw new Error(`${branch} ended ${outcome}, not ${ends.join(' or ')}`);
    },
    waits: (run) => town.runUntil(run, 'it waits', (status) => status.waitingFor !== null),
    inCanary: (run) => town.runUntil(run, 'a canary step', (status) => (status.rollout?.step ?? 0) > 0),
    async rollBack(name) {
      const workflowId = `rollback/${model}/${name}`;
      const order = { model, to: null, reason: 'complaints', by: 'dana', automatic: false };
      await temporal.workflow.execute('rollback', { workflowId, taskQueue: client.taskQueue, args: [order] });
      return workflowId;
    },
  };
  return actor;
}
