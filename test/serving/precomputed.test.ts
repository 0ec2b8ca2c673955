import { afterEach, expect, test } from 'vitest';
import type { VersionManifest } from '../../src/registry/contract.ts';
import { FEATURE_DEFINITION_FILE } from '../../src/serving/contract.ts';
import { getBlob, putBlob } from '../../src/store/content.ts';
import { following, model, openServed, row, type Served, scoreOf } from './served.ts';

let served: Served;
afterEach(() => served.close());

/** `dep_hour` is a column that dbt made: no expression, no engine. */
const ready = async (manifest: VersionManifest) => {
  const file = manifest.files.find(({ name }) => name === FEATURE_DEFINITION_FILE);
  const text = Buffer.from(await getBlob(served.store, file?.sha256 ?? '')).toString();
  const own = JSON.parse(text.replace('sched_dep_minute // 60', 'dep_hour')) as { raw_types: Record<string, string> };
  own.raw_types['dep_hour'] = 'INTEGER';
  const content = JSON.stringify({ ...own, precomputed: { name: 'dbt', version: '1.10.2' } });
  const blob = await putBlob(served.store, Buffer.from(content), FEATURE_DEFINITION_FILE);
  return { ...manifest, files: [...manifest.files.filter((one) => one !== file), blob] };
};

test('ready features are sent by the caller; one that is missing is refused with its path and who made it', async () => {
  served = await openServed();
  await served.register(1, ready);
  await served.promote(1);
  const node = await served.start();
  await node.until('version 1 answers', following(1));
  const [answer] = await node.predict(row(1, { dep_hour: 10, sched_dep_minute: null }));
  expect(answer?.prediction).toBeCloseTo(scoreOf(1), 6);

  const { status, body } = await node.post(`/v1/models/${model}/predict`, { rows: [row(2)] });
  expect({ status, error: body.error }).toMatchObject({
    status: 400,
    error: {
      code: 'HONE_REQUEST_REFUSED',
      path: 'rows[0].dep_hour',
      message: expect.stringContaining(
        'is missing; this model takes ready features, made as by dbt 1.10.2: send them all',
      ),
    },
  });
});
