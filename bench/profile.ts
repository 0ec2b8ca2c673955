/** A full profile of raw data against the least that reads every value of the same columns: CPU seconds, peak memory. */
import { type Benchmark, median } from './contract.ts';
import { flightFile } from './setup/flight-file.ts';
import { bothInTurn, dataWork } from './setup/own-process.ts';

const ROWS = 20_000_000;
const REPEATS = 5;
/** How many times the bare read a profile may take. */
const AT_MOST = 4;
const MEMORY_MB = 1024;

export const benchmark: Benchmark = {
  about: `full profile of ${ROWS / 1e6} M rows × 29 columns; limit ${AT_MOST} times the CPU of the bare read, ${MEMORY_MB} MB`,
  async run(progress) {
    const path = await flightFile(ROWS, progress);
    const { ours, theirs } = await bothInTurn(
      REPEATS,
      () => dataWork('profile', path),
      () => dataWork('read', path),
    );
    const profile = median(ours.map((used) => used.cpu_seconds));
    const read = median(theirs.map((used) => used.cpu_seconds));
    const memory = median(ours.map((used) => used.peak_mb));
    return [
      {
        metric: 'profile of 29 columns: CPU',
        unit: 's',
        ours: profile,
        limit: read * AT_MOST,
        ratio: (read * AT_MOST) / profile,
        repeats: REPEATS,
      },
      {
        metric: 'profile: times the bare read',
        unit: '×',
        ours: profile / read,
        limit: AT_MOST,
        ratio: (AT_MOST * read) / profile,
        repeats: REPEATS,
      },
      {
        metric: 'profile: peak memory',
        unit: 'MB',
        ours: memory,
        limit: MEMORY_MB,
        ratio: MEMORY_MB / memory,
        repeats: REPEATS,
      },
    ];
  },
};
