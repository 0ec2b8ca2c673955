/** What pages and `/metrics` say of workers that are missing and of looks that are late; and when the pages are ready. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HoneClient } from '../../src/client/connect.ts';
import { StoreUnreachable } from '../../src/store/errors.ts';
import { openSite, type Site } from './site.ts';
import { MODEL, tell } from './told.ts';

const HOUR = 3_600_000;
/** What Temporal would answer; every test sets its own. */
const world = { pollers: 1, lastLook: 0, away: false };

let site: Site;
beforeAll(async () => {
  site = await openSite({ fill: tell, client: temporalOf() });
});
afterAll(() => site.close());

/** Each test asks pages that have not asked yet: answers about workers are kept for some seconds. */
async function asked(path: string, now: Partial<typeof world>) {
  Object.assign(world, { pollers: 1, lastLook: Date.now() - HOUR, away: false }, now);
  const fresh = await openSite({ workspace: site.workspace, client: temporalOf() });
  const answer = await fresh.browser().get(path);
  await fresh.close();
  return answer;
}

/** A Temporal with one hourly look at one model and one next start, as its client answers. */
function temporalOf(): HoneClient {
  const look = { scheduleId: `schedule/${MODEL}/monitoring`, action: { workflowType: 'monitoring' } };
  const start = { scheduleId: `schedule/${MODEL}/retraining`, action: { workflowType: 'requestRun' } };
  const memo = { managedBy: 'hone', model: MODEL, taskQueue: 'hone' };
  const info = { recentActions: [], nextActionTimes: [new Date('2030-01-02T03:00:00Z')] };
  const spec = { intervals: [{ every: HOUR }] };
  const temporal = {
    options: { namespace: 'default' },
    workflow: {
      async *list({ query }: { query?: string } = {}) {
        if (!query?.includes("WorkflowType = 'monitoring'")) return;
        yield { workflowId: `monitoring/${MODEL}-2026-01-01T00:00:00Z`, closeTime: new Date(world.lastLook) };
      },
    },
    schedule: {
      async *list() {
        for (const one of [look, start]) yield { ...one, memo, spec, info, state: { paused: false } };
      },
    },
    workflowService: {
      describeTaskQueue: async () => ({ pollers: Array.from({ length: world.pollers }, () => ({})) }),
    },
  } as never;
  return {
    async temporal() {
      if (world.away) throw Object.assign(new Error('gone'), { code: 14 });
      return temporal;
    },
    describeRun: async () => 'missing',
    ...{ address: 'nowhere', taskQueue: 'hone', uiUrl: () => null, close: async () => {} },
  };
}

test('with workers and timely looks nothing is said, and a next start is told', async () => {
  const home = (await asked('/', {})).body;
  expect(home).not.toContain('No worker takes work');
  expect(home).not.toContain('due every');
  expect(home).toContain('2030-01-02 03:00 UTC');
  expect((await asked('/installation', {})).body).toContain('at work');
});

test('without a worker home says so first, and what to do', async () => {
  const { body } = await asked('/', { pollers: 0 });
  expect(body).toMatch(/class="notice bad">No worker takes work from hone and hone-training: .*Start one: hone up/s);
  expect(body).toMatch(/<p class="sentence attention">/);
  expect((await asked('/installation', { pollers: 0 })).body).toMatch(/class="sentence attention">No worker takes/);
});

test('a look that is late is told with its interval, and counted for Prometheus', async () => {
  const late = { lastLook: Date.now() - 5 * HOUR };
  expect((await asked('/', late)).body).toMatch(/Monitoring of flights-delay last came to an end at .*due every 1 h/);
  expect((await asked('/installation', late)).body).toContain('1 late');
  const { body } = await asked('/metrics', late);
  expect(body).toContain('hone_regular_work_late{type="monitoring"} 1');
  expect(body).toContain('hone_task_queue_pollers{queue="hone",kind="workflow"} 1');
  expect(body).toContain('hone_temporal_reachable 1');
});

test('/metrics tells nobody apart, opens no session, and without Temporal says that nobody knows', async () => {
  const { body, headers } = await asked('/metrics', { away: true });
  expect(headers['set-cookie']).toBeUndefined();
  expect(body).toContain('hone_temporal_reachable 0');
  expect(body).not.toMatch(/^hone_(?:task_queue_pollers|regular_work_late)\{/m);
  expect(body).not.toContain(MODEL);
});

test('the pages are ready while the store answers', async () => {
  const answer = await asked('/ready', {});
  expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([200, undefined]);
  const away = await openSite({ workspace: site.workspace, client: temporalOf(), store: withoutDisk });
  expect((await away.browser().get('/ready')).statusCode).toBe(503);
  await away.close();
});

/** The real store, whose disk is gone. */
function withoutDisk<Store extends object>(store: Store): Store {
  const gone = async () => {
    throw new StoreUnreachable('file:gone', 'reading', 'the disk is gone');
  };
  return new Proxy(store, { get: (on, name) => (name === 'find' ? gone : Reflect.get(on, name, on)) });
}
