/** What `hone run start` refuses before it speaks with anybody. */
import { expect, test } from 'vitest';
import { MODEL, workspace } from './story.ts';

test('rows to be judged are a column that the model has, and a value', async () => {
  const { hone } = await workspace();
  const start = (slice: string) => hone('run', 'start', MODEL, '--slice', slice, '--since', '2013-04-01T00:00:00Z');
  for (const [slice, says] of [
    ['origin', '--slice "origin" is no column=value; write origin=LGA.'],
    ['=LGA', 'is no column=value'],
    ['planet=Mars', 'the slice cannot be judged: "planet" is neither a slice nor a feature of flights-delay'],
  ] as const) {
    const { code, err } = await start(slice);
    expect(code).toBe(2);
    expect(err.replaceAll(/\s+/g, ' ')).toContain(says);
  }
});
