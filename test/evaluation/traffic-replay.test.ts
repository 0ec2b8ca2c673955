import { expect, test } from 'vitest';
import { trafficReplay } from '../../src/evaluation/contract.ts';
import { replayTraffic } from '../../src/evaluation/traffic-replay.ts';
import { judge } from '../../src/gate/judge.ts';
import { writePartitions } from '../../src/monitoring/log/partitions.ts';
import { predictionRecord } from '../../src/monitoring/log/records.ts';
import { putBlob } from '../../src/store/content.ts';
import { surroundings } from '../data/surroundings.ts';
import { gate, manifest } from '../gate/judged.ts';
import { tinyOnnx } from '../serving/tiny-model.ts';
import { town } from './flights.ts';

const AS_OF = '2013-04-16T06:00:00.000Z';

/** Twelve hundred requests up to an hour before `AS_OF`, ten of them without a number, and a shadow of each. */
async function served(columns: readonly string[]) {
  const place = await surroundings();
  const request = (i: number, arm: string) => ({
    ...{ inference_id: `request-${i}`, event_time: Date.parse(AS_OF) - (i + 60) * 60_000, arm, version: 6 },
    ...{ model: 'flights-delay', prediction: arm === 'shadow' ? 0 : 0.5, staged: false },
    ...(columns.includes('f_dep_hour') ? { f_dep_hour: i % 120 === 0 ? null : i % 24 } : {}),
    ...(columns.includes('f_origin') ? { f_origin: i % 2 === 0 ? 'EWR' : 'JFK' } : {}),
  });
  const rows = Array.from({ length: 1200 }, (_, i) => [request(i, 'champion'), request(i, 'shadow')]).flat();
  await writePartitions(place.store, {
    ...{ kind: predictionRecord, model: 'flights-delay', writtenAt: 1, tempDir: place.workDir, chunks: [rows] },
    extra: Object.fromEntries(columns.map((name) => [name, name === 'f_origin' ? 'VARCHAR' : 'DOUBLE'])),
  });
  const candidate = async (weight: number) => {
    const file = await putBlob(place.store, tinyOnnx({ weights: [weight], levels: { EWR: 1 }, bias: 0 }), 'model.onnx');
    const signature = { ...manifest(7).signature, output: 'score' };
    return { ...place, candidate: manifest(7, { files: [file], signature }), asOf: AS_OF };
  };
  return candidate;
}

test('the newest logged requests are answered by the candidate, with what was missing in them', async () => {
  const candidate = await served(['f_dep_hour', 'f_origin']);
  const replay = (await replayTraffic(await candidate(0)))!;
  expect(trafficReplay.parse(replay)).toEqual(replay);
  // One in two is from EWR, where this candidate says sigmoid(1), and sigmoid(0) elsewhere.
  expect(replay).toMatchObject({ requests: 1000, failed: 0, reason: null, to: '2013-04-16T05:00:00.000Z' });
  expect(replay.answers!.mean).toBeCloseTo((1 / (1 + Math.exp(-1)) + 0.5) / 2, 6);
  expect(replay.answers!.given).toBe(0.5);
  expect(replay.latency_ms!.calls).toBe(1000);
  expect(replay.missing).toEqual({ dep_hour: 9 / 1000 });
});

test('a candidate that answers with no number on real requests is refused by the gate', async () => {
  const candidate = await served(['f_dep_hour', 'f_origin']);
  // Infinity times an hour of 0, or a missing one, is no number.
  const replay = (await replayTraffic(await candidate(Number.POSITIVE_INFINITY)))!;
  expect(replay.failed).toBe(Array.from({ length: 1000 }, (_, i) => i).filter((i) => i % 24 === 0).length);
  const home = town();
  const { report, config } = await gate({ on: home, candidate: home.scores(0.3), champion: home.scores(0.3) });
  const judged = judge({ ...report, replay }, config, { first: false, trigger: 'schedule' });
  expect(judged.verdict).toBe('fail');
  expect(judged.sentence).toMatch(
    /^Not promoted: it does not answer what was asked lately: 42 of the last 1,000 requests/,
  );
});

test('without a log there is nothing to replay, and a log that keeps too little says so', async () => {
  const bare = await served(['f_origin']);
  expect(await replayTraffic(await bare(0))).toMatchObject({
    requests: 0,
    reason: 'the log does not keep 1 of 2 features (dep_hour)',
  });
  expect(await replayTraffic({ ...(await bare(0)), asOf: '2013-06-01T00:00:00.000Z' })).toBeNull();
});
