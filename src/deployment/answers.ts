/** What a target answers, read by the contract and held against what it was asked. */
import type { z } from 'zod';
import { type Change, deploymentAnswer } from './contract.ts';
import { TargetRefused } from './errors.ts';

/** @throws TargetRefused where the text is no such answer */
export function answerOf<S extends z.ZodType>(model: string, call: string, text: string, schema: S): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TargetRefused(model, call, `it answered what is no JSON: ${JSON.stringify(text.slice(0, 80))}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new TargetRefused(
    model,
    call,
    `its answer is wrong at ${issue?.path.join('.') || 'the top'}: ${issue?.message}`,
  );
}

/** @throws TargetRefused where it says anything but that this change was made */
export function requireDone(
  model: string,
  call: 'deploy' | 'rollback',
  { key, version }: Pick<Change, 'key' | 'version'>,
  text: string,
): void {
  const answer = answerOf(model, call, text, deploymentAnswer);
  if (answer.key !== key || answer.version !== version)
    throw new TargetRefused(model, call, `it answered about version ${answer.version} under ${answer.key}`);
  if (answer.outcome === 'failed') throw new TargetRefused(model, call, answer.reason ?? 'it failed');
}
