/** Ingests a large source in a process of its own, twice: first data, then one corrected month. Prints its peak memory. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../../src/config/model.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { FilesystemStore } from '../../../src/store/filesystem-store.ts';

const [dir = '', configJson = ''] = process.argv.slice(2);
const config = JSON.parse(configJson) as ModelConfig;
const around = {
  store: new FilesystemStore(join(dir, 'store')),
  workDir: join(dir, 'work'),
  cacheDir: join(dir, 'cache'),
  base: dir,
  config,
  asOf: '2013-04-01T00:00:00.000Z',
};
const cpu = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
const peakMb = () => Math.round(process.resourceUsage().maxRSS / 1024);
const idleMb = peakMb();
const started = performance.now();
const first = await ingest({ ...around, previous: null });
const seconds = (performance.now() - started) / 1000;
const firstMb = peakMb();
const firstCpu = cpu();

await rename(join(dir, 'corrected.parquet'), join(dir, 'in', '2013-02.parquet'));
const again = performance.now();
const { manifest, ref } = first;
const previous = {
  run: 'large-1',
  as_of: around.asOf,
  raw: ref.digest,
  accepted: ref.digest,
  window: manifest.window,
  rows: ref.rows,
};
const second = await ingest({ ...around, previous });
process.stdout.write(
  `${JSON.stringify({
    rows: ref.rows,
    idleMb,
    firstMb,
    peakMb: peakMb(),
    seconds,
    correctedSeconds: (performance.now() - again) / 1000,
    cpuSeconds: firstCpu,
    correctedCpuSeconds: cpu() - firstCpu,
    sentences: second.changes.sentences,
  })}\n`,
);
