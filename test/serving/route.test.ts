import fc from 'fast-check';
import { expect, test } from 'vitest';
import { initialState } from '../../src/registry/state.ts';
import { chooseArm, position, type RouteTable, routeTable } from '../../src/serving/route.ts';

const table = (share: number, champion: number | null = 1): RouteTable => ({
  model: 'm',
  generation: 1,
  champion,
  canaries: [{ version: 2, share, lease: 'l' }],
  shadow: null,
  load: [1, 2],
});
const yes = () => true;

test('an entity that tries the canary keeps it while the share grows', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (entity, a, b) => {
        const [small, large] = a < b ? [a, b] : [b, a];
        const before = chooseArm(table(small), entity, yes)!;
        if (before.arm === 'canary') expect(chooseArm(table(large), entity, yes)).toEqual(before);
      },
    ),
  );
});

test('shares are kept: nobody at 0, everybody at 100, and about a quarter at 25', () => {
  const entities = Array.from({ length: 20_000 }, (_, i) => `N${i}`);
  const share = (percent: number) =>
    entities.filter((each) => chooseArm(table(percent), each, yes)!.arm === 'canary').length / entities.length;
  expect(share(0)).toBe(0);
  expect(share(100)).toBe(1);
  expect(Math.abs(share(25) - 0.25)).toBeLessThan(0.0125); // four standard errors
});

test('another version draws other entities: places of two versions are unrelated', () => {
  const places = Array.from(
    { length: 5000 },
    (_, i) => [position('m', 2, `N${i}`) / 100, position('m', 3, `N${i}`) / 100] as const,
  );
  const both = places.filter(([a, b]) => a < 0.1 && b < 0.1).length / places.length;
  expect(both).toBeGreaterThan(0.004);
  expect(both).toBeLessThan(0.018);
});

test('a lapsed canary takes nothing, and without a champion nobody answers instead', () => {
  expect(chooseArm(table(100), 'N1', () => false)).toEqual({ version: 1, arm: 'champion' });
  expect(chooseArm(table(100, null), 'N1', () => false)).toBeNull();
});

test('the table names the champion, candidates with leases, and everything to load, champion first', () => {
  const state = initialState();
  state.aliases.champion = { version: 3, effectId: 'x' };
  state.aliases.shadow = { version: 5, effectId: 'x' };
  state.routing = {
    generation: 9,
    load: [2, 3, 4],
    effectId: null,
    arms: [
      { version: 4, share: 10, lease: 'l' },
      { version: 3, share: 90, lease: null },
    ],
  };
  expect(routeTable('m', state)).toEqual({
    model: 'm',
    generation: 9,
    champion: 3,
    canaries: [{ version: 4, share: 10, lease: 'l' }],
    shadow: 5,
    load: [3, 4, 5, 2],
  });
});
