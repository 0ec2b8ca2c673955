/** A version whose configuration was stored by an older hone, which knew fewer settings. */
import { expect, test } from 'vitest';
import { openServed, row } from './served.ts';

test('a version from before a setting was there is served: what its snapshot lacks is the shipped default', async () => {
  const served = await openServed((config) => {
    Reflect.deleteProperty(config.training, 'search');
    Reflect.deleteProperty(config.deploy, 'shadow');
  });
  await served.promote(1);
  const node = await served.start();
  await node.until('version 1 is loaded', ({ models }) => Object.values(models)[0]?.loaded.includes(1));
  const [answer] = await node.predict(row(1));
  expect(answer?.version).toBe(1);
  await served.close();
});
