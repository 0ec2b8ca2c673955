// Imports point one way. Run by .ci/import-rules.mjs on sources without types: only imports at run time count.
const domain = '^src/(data|training|evaluation|gate|statistics|drift|monitoring|registry|store|serving|backtest|notifications|identity|triggers|backup|deployment|reconciliation|batch|embedded)/';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'workflows-do-no-io',
      comment: 'workflow code is deterministic: contracts, policy and the workflow SDK only',
      severity: 'error',
      from: { path: '^src/(workflows|policy)/' },
      to: {
        path: '^src/|^node:|node_modules',
        pathNot: [
          '^src/(workflows|policy)/',
          '^src/[^/]+/contract\\.ts$',
          '^src/config/(model|values|people)\\.ts$',
          'node_modules/(@temporalio/(workflow|common)|zod|iso8601-duration)/',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'workflows-use-nothing-of-node',
      comment: 'nor do the contracts that they read',
      severity: 'error',
      from: { path: '^src/(workflows|policy)/|^src/[^/]+/contract\\.ts$|^src/config/(model|values|people)\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'domain-never-imports-temporal',
      severity: 'error',
      // The program of the prediction server puts its parts together, as src/worker.ts does.
      from: { path: domain, pathNot: '^src/serving/main\\.ts$' },
      to: { path: 'node_modules/@temporalio|^src/(workflows|activities|client|cli|web)/|^src/worker\\.ts' },
    },
    {
      name: 'one-caller-of-the-temporal-client',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/client/' },
      to: { path: 'node_modules/@temporalio/client', dependencyTypesNot: ['type-only'] },
    },
    { name: 'nobody-imports-cli-or-web', severity: 'error', from: { path: '^src/', pathNot: '^src/(cli|web)/' }, to: { path: '^src/(cli|web)/' } },
    {
      name: 'config-store-telemetry-are-the-floor',
      severity: 'error',
      from: { path: '^src/(store|telemetry)/' },
      to: { path: '^src/', pathNot: '^src/(config|store|telemetry)/|^src/errors\\.ts$' },
    },
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, parser: 'swc', enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] } },
};
