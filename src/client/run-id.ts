/** From the id of a run to its model. */
import { slug } from '../config/values.ts';
import { runId } from '../registry/state.ts';
import { RunUnknown } from './errors.ts';

/** `flights-delay` of `flights-delay-000042`. @throws RunUnknown for what cannot be a run's id */
export function modelOfRun(run: string): string {
  const [, model, number] = /^(.+)-(\d{6,})$/.exec(run) ?? [];
  if (model === undefined || !slug.safeParse(model).success || runId(model, Number(number)) !== run)
    throw new RunUnknown(run);
  return model;
}
