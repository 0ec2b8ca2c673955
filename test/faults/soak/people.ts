/** What people, schedules and monitors ask for in a soak: drawn from the seed, some of it nonsense. */

import { sendTrigger } from '../../../src/client/owner.ts';
import { rollBackForPerson } from '../../../src/client/rollbacks.ts';
import { cancelRun, runStatus } from '../../../src/client/runs.ts';
import * as changes from '../../../src/registry/changes.ts';
import type { RandomStream } from '../../../src/statistics/random.ts';
import { asOfNow } from '../../../src/store/clock.ts';
import type { World } from './world.ts';

export type Deed = (world: World, model: string, nth: number) => Promise<void>;

const kinds = ['manual', 'schedule', 'drift', 'performance', 'event'] as const;
const person = 'kim';
export const PATIENCE_MS = 30_000;

const trigger =
  (which: number): Deed =>
  async ({ client, store }, model, nth) => {
    const kind = kinds[which % kinds.length] ?? 'manual';
    const order = { kind, reason: `soak ${nth}`, by: kind === 'manual' ? person : kind, eventId: `soak-${nth}` };
    // Nobody asks for ever, or hundreds would look for their answers at once.
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const ask = () => sendTrigger({ client, store }, model, order, patience);
    await Promise.all(Array.from({ length: kind === 'event' ? 3 : 1 }, ask));
  };

/** To the run that is active, if one is. */
const toRun =
  (work: (world: World, model: string, run: string) => Promise<void>): Deed =>
  async (world, model) => {
    const run = (await world.ledgers.get(model)?.state())?.activeRun?.run;
    if (run) await work(world, model, run);
  };

const signal = (name: string, body: (packet: string) => unknown): Deed =>
  toRun(async ({ client }, _model, run) => {
    const { packet } = await runStatus(client, run);
    await (await client.temporal()).workflow.getHandle(run).signal(name, body(packet?.slice(0, 8) ?? ''));
  });

export const approve = signal('approve', (packet) => ({ packet, by: 'ana', comment: 'looks right' }));

const deeds: Readonly<Record<string, readonly [weight: number, deed: Deed]>> = {
  approve: [16, approve],
  'approve as who started it': [1, signal('approve', (packet) => ({ packet, by: person, comment: 'mine' }))],
  'approve another packet': [1, signal('approve', () => ({ packet: '00000000', by: 'ana', comment: 'stale' }))],
  'send nonsense': [1, signal('approve', () => 'yes')],
  'misspell a signal': [1, signal('aprove', () => null)],
  reject: [1, signal('reject', (packet) => ({ packet, by: 'dana', comment: 'not this one' }))],
  pause: [1, signal('pause', () => ({ by: 'dana', reason: 'wait' }))],
  resume: [2, signal('resume', () => ({ by: 'dana', reason: 'go on' }))],
  hurry: [2, signal('promote', () => ({ by: 'dana', reason: 'enough' }))],
  abort: [1, signal('abort', () => ({ by: 'dana', reason: 'no' }))],
  cancel: [1, toRun(async ({ client }, _model, run) => cancelRun(client, run))],
  terminate: [
    0.3,
    toRun(
      async ({ client }, _model, run) =>
        void (await (await client.temporal()).workflow.getHandle(run).terminate('soak')),
    ),
  ],
  'roll back': [
    1,
    async ({ client, store, ledgers }, model, nth) => {
      const to = (await ledgers.get(model)?.state())?.aliases.previous_champion?.version;
      if (to === undefined) return;
      const asOf = () => asOfNow(store, 'logical');
      await rollBackForPerson({ client, store, model, id: `soak-${nth}`, asOf }, { to, reason: 'soak', by: 'dana' });
    },
  ],
  freeze: [0.5, freezing('freeze', changes.freeze({ by: 'dana', reason: 'soak', until: null }))],
  unfreeze: [3, freezing('unfreeze', changes.unfreeze({ reason: 'soak' }))],
};

function freezing(what: string, step: ReturnType<typeof changes.freeze>): Deed {
  return async ({ ledgers, store }, model, nth) => {
    const said = { actor: 'dana', trust: 'asserted', why: 'soak', as_of: await asOfNow(store, 'logical') } as const;
    await ledgers.get(model)?.append({ ...said, effectId: `soak/${what}/${nth}`, step });
  };
}

/** The next deed: a third of them triggers, of any model; what is done to a run is done where there is one. */
export function draw(random: RandomStream): { deed: Deed; toRun: boolean } {
  if (random.uniform() < 0.33) return { deed: trigger(Math.floor(random.uniform() * kinds.length)), toRun: false };
  const total = Object.values(deeds).reduce((sum, [weight]) => sum + weight, 0);
  let left = random.uniform() * total;
  for (const [weight, deed] of Object.values(deeds)) {
    left -= weight;
    if (left < 0) return { deed, toRun: true };
  }
  return { deed: approve, toRun: true };
}
