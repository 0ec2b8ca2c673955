/** A model that deploys through a pipeline: answered, split in steps, failed, never answered, and rolled back by a person. */
import { commandRollout } from '../../src/client/decisions.ts';
import { skipTimeUntil } from '../time.ts';
import { pipedTown } from '../workflows/piped-town.ts';
import { openActor } from './actor.ts';
import type { RecordedHistory } from './history-files.ts';

export async function playPipeline(temporal: string, say: (text: string) => void): Promise<RecordedHistory[]> {
  const town = await pipedTown({ temporal });
  const recorded: RecordedHistory[] = [];
  const { client, pipeline } = town;
  try {
    const connected = await client.temporal();
    const actor = await openActor(town, async (name, workflowId, runId) => {
      const history = await connected.workflow.getHandle(workflowId, runId).fetchHistory();
      recorded.push({ name, workflowId, history });
      say(`${name}: ${history.events?.length} events`);
    });
    const approve = (run: string) => town.approve(run);
    // What was made and then said to have failed is there: nothing was served before it, so it is taken out.
    pipeline.withdraw = true;
    pipeline.next.push('failed');
    await actor.play('piped_first_taken_out', { ends: ['rolled_back'], meanwhile: approve });
    await actor.play('piped_first', { ends: ['promoted'], meanwhile: approve });
    await actor.play('piped_after_a_shadow', {
      ends: ['promoted'],
      async meanwhile(run) {
        await approve(run);
        await town.runUntil(run, 'a person is asked', ({ rollout, waitingFor }) => Boolean(rollout && waitingFor));
        await commandRollout(client, run, 'promote', { by: 'ana' });
      },
    });
    pipeline.split = true;
    await actor.play('piped_in_steps', { ends: ['promoted'], meanwhile: approve });
    pipeline.next.push('callback', 'failed', 'failed');
    await actor.play('piped_and_failed', {
      ends: ['rolled_back'],
      async meanwhile(run) {
        await approve(run);
        // The way back fails once as well: people are paged, and a minute later it is tried again.
        await skipTimeUntil(town, run, 'PT2M', 'it went back', async () => (await town.status(run)).outcome !== null);
      },
    });
    pipeline.next.push('never');
    await actor.play('piped_without_an_answer', {
      ends: ['rolled_back'],
      async meanwhile(run) {
        await approve(run);
        await town.runUntil(
          run,
          'the answer is waited for',
          ({ waitingFor }) => waitingFor === 'the pipeline to answer',
        );
        await skipTimeUntil(town, run, 'PT31M', 'it ended', async () => (await town.status(run)).outcome !== null);
      },
    });
    const id = await actor.rollBack('through-the-pipeline');
    recorded.push({
      ...{ name: 'rollback.piped', workflowId: id },
      history: await connected.workflow.getHandle(id).fetchHistory(),
    });
  } finally {
    await town.close();
  }
  return recorded;
}
