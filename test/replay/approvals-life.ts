/** Runs of policy version 2 that people decide: a packet that becomes void, a freeze, another champion, broken glass, nobody. */
import { decide, tellToLook } from '../../src/client/decisions.ts';
import { freeze, promote, unfreeze } from '../../src/registry/changes.ts';
import type { Step } from '../../src/registry/ledger.ts';
import { skipTimeUntil } from '../time.ts';
import type { Town } from '../town.ts';
import { type Keep, openActor } from './actor.ts';

export async function playApprovals(town: Town, keep: Keep): Promise<void> {
  const actor = await openActor(town, keep);
  const quick = { steps: [25, 100], bake: 'PT1S', min_requests: 0, max_wait: 'PT1M' };
  const rules = (more: object) => (file: { deploy: object; approval: Record<string, unknown> }) => {
    Object.assign(file.deploy, { canary: quick });
    const { break_glass, ...otherwise } = more as Record<string, unknown>;
    Object.assign(file.approval['otherwise'] as object, otherwise);
    if (break_glass) file.approval['break_glass'] = break_glass;
  };
  const approve = async (run: string, by: string, more: { break_glass?: true } = {}) => {
    const { packet } = await actor.waits(run);
    await decide(town.client, run, 'approve', { packet: packet ?? '', by, comment: 'read it', ...more });
  };
  let entries = 0;
  const write = (step: Step) =>
    town.ledger.append({
      ...{ effectId: `recorded/${++entries}`, as_of: '2013-01-25T00:00:00.000Z', actor: 'lee' },
      ...{ trust: 'asserted', why: 'recorded', step },
    });
  const laidAnew = (run: string, before: string | null) =>
    town.runUntil(run, 'a new packet lies there', ({ packet, waitingFor }) => {
      return waitingFor !== null && packet !== null && packet !== before;
    });

  await actor.play('expired_after_reminders', {
    ends: ['expired'],
    rules: rules({ escalate: { after: 'PT30H', to: ['ops-ml'] } }),
    trigger: { by: 'lee' },
    async meanwhile(run) {
      await actor.waits(run);
      const ended = async () => (await town.status(run)).outcome === 'expired';
      await skipTimeUntil(town, run, 'PT49H', 'nobody has decided', ended);
    },
  });
  // The version of the run before is made champion behind this one's back, as an import does.
  await actor.play('judged_against_another_champion', {
    ends: ['promoted'],
    rules: rules({}),
    trigger: { by: 'lee' },
    async meanwhile(run) {
      const { packet } = await actor.waits(run);
      const first = {
        version: 1,
        effectId: 'recorded/import',
        as: 'first' as const,
        as_of: '2013-01-25T00:00:00.000Z',
      };
      await write(promote({ ...first, labels: null }));
      await tellToLook(town.client, run);
      await laidAnew(run, packet);
      await approve(run, 'ana');
    },
  });
  await actor.play('promoted_after_a_void_packet_and_a_freeze', {
    ends: ['promoted'],
    rules: rules({ approvers: 2 }),
    trigger: { by: 'lee' },
    async meanwhile(run) {
      await approve(run, 'ana');
      const { packet } = await town.status(run);
      await actor.rules(rules({ approvers: 2, deadline: 'P3D' }));
      await laidAnew(run, packet);
      await write(freeze({ by: 'lee', reason: 'peak', until: null }));
      await approve(run, 'dana');
      await approve(run, 'ana');
      const frozen = ({ waitingFor }: { waitingFor: string | null }) => waitingFor?.includes('freeze') === true;
      await town.runUntil(run, 'the thaw is waited for', frozen);
      await write(unfreeze({ reason: 'over' }));
      await tellToLook(town.client, run);
    },
  });
  await actor.play('promoted_by_breaking_glass', {
    ends: ['promoted'],
    rules: rules({ approvers: 2, break_glass: { from: ['ops-ml'] } }),
    trigger: { by: 'ana' },
    meanwhile: (run) => approve(run, 'ana', { break_glass: true }),
  });
}
