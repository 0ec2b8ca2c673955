/** A training that runs out of memory, tried once more with the smaller settings of the model file where it has some. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { TrainerOutOfMemory } from './errors.ts';
import { runTrainer, type TrainerResult, type TrainingOrder } from './run-trainer.ts';

export interface TrainedWithin {
  readonly result: TrainerResult;
  /** Null where it fitted at once; else what it was trained with instead, and what became of the first try. */
  readonly instead: { readonly params: TrainingOrder['params']; readonly because: string } | null;
}

/**
 * Both tries share one wall clock; the second one has folders of its own, as no checkpoint of the first fits it.
 *
 * @throws as `runTrainer`: of the last try
 */
export async function trainWithinMemory(
  order: TrainingOrder,
  onOutOfMemory: ModelConfig['training']['on_out_of_memory'],
): Promise<TrainedWithin> {
  const started = performance.now();
  try {
    return { result: await runTrainer(order), instead: null };
  } catch (error) {
    if (!(error instanceof TrainerOutOfMemory) || onOutOfMemory === 'fail') throw error;
    const leftSeconds = Math.floor((durationMs(order.limits.wall_clock) - (performance.now() - started)) / 1000);
    if (leftSeconds < 1 || order.signal?.aborted) throw error;
    const params = { ...order.params, ...onOutOfMemory.params };
    const result = await runTrainer({
      ...order,
      ...{ params, workDir: `${order.workDir}-smaller` },
      ...(order.checkpointDir ? { checkpointDir: `${order.checkpointDir}-smaller` } : {}),
      limits: { ...order.limits, wall_clock: `PT${leftSeconds}S` },
    });
    return { result, instead: { params, because: error.happened } };
  }
}
