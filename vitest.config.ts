import { defineConfig } from 'vitest/config';

/** Folders whose tests speak with the shared Temporal server; a file elsewhere may say so by its name. */
const temporal = ['test/{workflows,activities,client,replay,faults,e2e}/**/*.test.ts', 'test/**/*.temporal.test.ts'];
/** Long ones, run by `npm run test:full`. */
const full = process.env['HONE_TEST_FULL'] === '1';
const long = full ? [] : ['test/**/*.full{,.temporal}.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    // Tests with Temporal wait for half of their time: on two processors a third process keeps them busy.
    maxWorkers: 3,
    // One process for many files: loading the modules anew for each file cost a third of the time.
    isolate: false,
    unstubEnvs: true,
    setupFiles: ['test/setup/own-environment.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...temporal, ...long] },
      },
      {
        extends: true,
        test: { name: 'temporal', include: temporal, exclude: long, globalSetup: ['test/setup/temporal-server.ts'] },
      },
    ],
    // Whole lives of models, on a machine that does other things too.
    testTimeout: full ? 600_000 : 120_000,
    hookTimeout: 300_000,
  },
});
