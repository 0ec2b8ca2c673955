/** `hone rollback` with three real prediction servers and no Temporal: it verifies, moves, and reads back who follows. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readNodes, writeNode } from '../../src/serving/nodes.ts';
import { following, model, type Node, openServed, type Served } from '../serving/served.ts';
import { workspaceOn } from './story.ts';

let served: Served;
let nodes: Node[];
beforeAll(async () => {
  served = await openServed();
  await served.promote(1);
  nodes = [await served.start({ node: 'a' }), await served.start({ node: 'b' })];
  await served.promote(2);
  for (const node of nodes) await node.until('version 2 answers', following(2));
}, 60_000);
afterAll(() => served.close());

test('a rollback without Temporal verifies the version, moves it within 30 s, and names the server that does not follow', async () => {
  const { hone } = await workspaceOn(served);
  // A server tells the store a moment after it follows.
  const alive = await vi.waitUntil(async () => (await readNodes(served.store)).find(following(2)), 30_000);
  await writeNode(served.store, { ...alive, node: 'c' }); // its beat stands still from now on

  const dry = JSON.parse((await hone('rollback', model, '--dry-run', '--json')).out);
  expect(dry).toMatchObject({ to: 1, problem: null, targets: [{ version: 1, default: true }] });
  expect((await hone('rollback', model, '--dry-run')).out).toMatch(
    /It loads, and its golden rows come out as registered/,
  );

  const started = performance.now();
  const back = await hone('rollback', model, '--reason', 'complaints', '--by', 'dana');
  expect(performance.now() - started).toBeLessThan(30_000);
  expect(back.code).toBe(0);
  expect(back.out).toContain('Temporal does not answer, so this command wrote the ledger entry itself');
  expect(back.out).toMatch(/It answers on 2 of 3 nodes; c is unreachable, still at 2 after \d+\.\d s/);
  for (const node of nodes) await node.until('version 1 answers', following(1));
  const head = await served.ledger.head();
  expect(head).toMatchObject({ actor: 'dana', why: 'complaints', state: { activeRun: null } });
  expect(head?.change).toMatchObject({ kind: 'rolled_back', from: 2, to: 1 });
  expect(await hone('rollback', model, '--reason', 'complaints'), 'a second one must name its version').toMatchObject({
    code: 3,
    out: '',
  });
});
