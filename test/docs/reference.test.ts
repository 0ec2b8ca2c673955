/** Pages that list what the code has, held against the code. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { METRICS } from '../../src/evaluation/metrics.ts';
import { change } from '../../src/registry/contract.ts';
import { ROOT } from '../config/workspace.ts';
import { projectFiles, read } from './pages.ts';
import { commands } from './program.ts';

const sources = projectFiles.filter((file) => file.startsWith('src/') && file.endsWith('.ts'));

test('the error table is that of the classes, and no code has two meanings', () => {
  execFileSync(process.execPath, [join(ROOT, '.ci/error-table.mjs'), '--check'], { stdio: 'pipe' });
});

test('settings, commands and addresses stand in the reference as the code has them', () => {
  execFileSync(process.execPath, ['--import', 'tsx', join(ROOT, 'docs/generate/main.ts'), '--check'], {
    stdio: 'pipe',
    cwd: ROOT,
  });
});

test('every metric is documented, with its task and direction, and none that does not exist', () => {
  const rows = [...read('docs/reference/metrics.md').matchAll(/^\| `(\w+)` \| ([\w, ]+) \| (more|less) \|/gm)];
  const documented = rows.map(([, name, task, better]) => [name, task, better]);
  const known = Object.entries(METRICS).map(([name, { tasks, direction }]) => [
    name,
    tasks.join(', '),
    direction === 1 ? 'more' : 'less',
  ]);
  expect(documented).toEqual(known);
});

test('every exit code is documented, and none that does not exist', () => {
  const type = /export type ExitCode = ([^;]+);/.exec(read('src/errors.ts'))?.[1] ?? '';
  const codes = type.split('|').map((code) => code.trim());
  const documented = [...read('docs/cli.md').matchAll(/^\| (\d+) \|/gm)].map(([, code]) => code);
  expect(documented).toEqual(codes);
});

test('every command stands in docs/cli.md', () => {
  const page = read('docs/cli.md');
  // `rollout pause\|resume <run>` in a table stands for two commands.
  const inTable = (word: string) => `(?:\\w+\\\\\\|)*${word}(?:\\\\\\|\\w+)*`;
  const stands = (command: string) => new RegExp(`\`${command.split(' ').map(inTable).join(' ')}[ \`]`).test(page);
  expect(commands.filter((command) => !stands(command))).toEqual([]);
});

test('every command that a message or a page names exists', () => {
  const named = [
    ...sources,
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    ...projectFiles.filter((f) => /^docs\/.*\.md$/.test(f)),
  ];
  const groups = new Set(commands.filter((one) => one.includes(' ')).map((one) => one.split(' ')[0]));
  const singles = new Set(commands.filter((one) => !one.includes(' ')));
  const missing = named.flatMap((file) =>
    // In backticks it is a command for sure; after a colon or two spaces only where the noun is one.
    [...read(file).matchAll(/(`|: | {2})(?:npx )?hone ([a-z]+)(?: ([a-z]+))?/g)].flatMap(
      ([, mark, noun = '', verb]) => {
        if (singles.has(noun)) return [];
        if (
          groups.has(noun) &&
          (verb === undefined || commands.some((one) => `${one} `.startsWith(`${noun} ${verb} `)))
        )
          return [];
        return mark === '`' || groups.has(noun) ? [`${file}: hone ${noun} ${verb ?? ''}`.trim()] : [];
      },
    ),
  );
  expect(missing).toEqual([]);
});

test('every environment variable that the code reads is documented', () => {
  const pages = [
    read('docs/configuration.md'),
    read('docs/how-to/use-s3.md'),
    read('docs/contracts/prediction-api.md'),
  ].join();
  const used = new Set(
    sources.flatMap((file) => [...read(file).matchAll(/env\['(HONE_[A-Z_]+)'\]/g)].map(([, name = '']) => name)),
  );
  expect([...used].filter((name) => !pages.includes(name))).toEqual([]);
});

test('every message that workflows take stands in docs/contracts/messages.md', () => {
  const page = read('docs/contracts/messages.md');
  const names = [...read('src/workflows/messages.ts').matchAll(/define(?:Signal|Update|Query)<[^(]*\('(\w+)'\)/g)];
  expect(names.length).toBeGreaterThan(10);
  expect(names.map(([, name = '']) => name).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('every answer of the approval desk stands there too', () => {
  const page = read('docs/contracts/messages.md');
  const source = read('src/policy/approvals.ts');
  const beginnings = [
    ...source.matchAll(/(?:refuse|accept)\(\s*(?:\{[^}]*\},\s*|desk,\s*)?[`']([A-Z][a-z]+(?: [a-z]+)?)/g),
  ];
  expect(beginnings.length).toBeGreaterThan(6);
  expect(beginnings.map(([, text = '']) => text).filter((text) => !page.includes(text))).toEqual([]);
});

test('every outcome of a run is explained', () => {
  const page = read('docs/contracts/messages.md');
  const type = /export type Outcome =([\s\S]*?);/.exec(read('src/workflows/contract.ts'))?.[1] ?? '';
  const outcomes = [...type.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
  expect(outcomes.length).toBeGreaterThan(10);
  expect(outcomes.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('every kind of change stands in docs/contracts/ledger-and-versions.md', () => {
  const page = read('docs/contracts/ledger-and-versions.md');
  const kinds = change.options.map((option) => option.shape.kind.value);
  expect(kinds.filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
});

/** What a page says, and the text in the code that makes it true. */
const stated: readonly [page: string, says: string, file: string, has: string][] = [
  ...(
    [
      ['`cool_down` (P7D)', 'cool_down: P7D'],
      ['`per_week` (1)', 'per_week: 1'],
      ['`per_day` (2)', 'per_day: 2'],
      ['`min_new_labels` (3,000)', 'min_new_labels: 3000'],
      ['merge window (PT10S)', 'merge_window: PT10S'],
      ['validation (P7D)', 'validation: P7D'],
      ['holdout (P14D)', 'holdout: P14D'],
      ['gap (PT24H)', 'gap: PT24H'],
      ['at least 6 blocks, 2,000 rows and 200', 'min_blocks: 6, min_rows: 2000, min_rarer_class: 200'],
      ['2,000 resamples', 'resamples: 2000'],
      ['`wait_for_labels` (P14D)', 'wait_for_labels: P14D'],
      ['−2δ', 'margin_to_anchor: 2x'],
      ['`deadline` (P2D)', 'deadline: P2D'],
      ['(5, 25, 50, 100 %)', 'steps: [5, 25, 50, 100]'],
      ['`bake` (PT30M)', 'bake: PT30M'],
      ['`min_requests` (500)', 'min_requests: 500'],
      ['`max_wait` (PT6H)', 'max_wait: PT6H'],
      ['`latency_ratio` (1.5)', 'latency_ratio: 1.5'],
      ['`error_share` (1 %)', 'error_share: 1%'],
      ['`until_labels_mature_for` (P7D)', 'until_labels_mature_for: P7D'],
      ['`skill_drop` (10 %)', 'skill_drop: 10%'],
      ['label rate by 0.05', 'mean_prediction_minus_label_rate: 0.05'],
      ['A window (P7D)', 'window: P7D, of: 2 in 3'],
    ] as const
  ).map(([says, has]): [string, string, string, string] => ['how-it-decides', says, 'config/defaults.yaml', has]),
  ['how-it-decides', 'mean within 0.2', 'src/evaluation/twins.ts', 'MEAN_SHIFT = 0.2'],
  ['how-it-decides', 'PSI up to 1)', 'src/evaluation/twins.ts', 'const PSI = 1;'],
  ['how-it-decides', 'at least 50 ms more', 'src/policy/guardrails.ts', 'LATENCY_FLOOR_MS = 50'],
  ['how-it-decides', 'from 50 timed calls', 'src/policy/guardrails.ts', 'LATENCY_NEEDS = 50'],
  ['how-it-decides', 'by more than 1e-6', 'src/policy/guardrails.ts', 'DISAGREEMENT = 1e-6'],
  ['how-it-decides', 'more than a fifth of them', 'src/data/validation/report.ts', 'MAX_QUARANTINED = 0.2'],
  ['how-it-decides', 'From 20 blocks on', 'src/statistics/intervals.ts', 'BOOTSTRAP_FROM = 20'],
  ['how-it-decides', 'after 15 seconds', 'src/activities/deploy.ts', 'LEASE_MS = 15_000'],
  ['how-it-decides', 'after a week', 'src/gate/looks.ts', "durationMs('P7D')"],
  ['architecture', 'Every 15 minutes', 'src/workflows/model.ts', "LOOK_AFTER = durationMs('PT15M')"],
  ['architecture', 'noticed within ten', 'src/workflows/steps.ts', "heartbeatTimeout = '10s'"],
  ['architecture', 'half a second', 'src/worker.ts', "stickyQueueScheduleToStartTimeout: '500ms'"],
  ['architecture', 'within\nthree polls', 'src/deployment/live-nodes.ts', 'POLLS_UNTIL_DEAD = 3'],
  ['contracts/messages', 'At most 2,000 wait', 'src/policy/triggers.ts', 'WAITING_AT_MOST = 2000'],
  ['contracts/messages', 'the last 200', 'src/policy/approvals.ts', 'MESSAGES_KEPT = 200'],
  ['contracts/messages', 'the last five', 'src/workflows/run.ts', '.slice(-5)'],
  [
    'contracts/messages',
    '1 to 500 characters',
    'src/workflows/contract.ts',
    'reason: 500, comment: 2000, name: 120, evidence: 4000',
  ],
  ['contracts/trainer', 'more than 1e-5', 'src/training/parity.ts', 'tolerance = 1e-5'],
  ['contracts/trainer', 'eight times in all', 'src/workflows/steps.ts', 'maximumAttempts: 8'],
  ['how-to/check-skew', 'newest seven days', 'src/monitoring/checks/skew-check.ts', 'WINDOW_DAYS = 7'],
  ['how-to/check-skew', 'at most 5,000', 'src/monitoring/checks/skew-sample.ts', 'SAMPLE = 5000'],
  [
    'how-to/check-skew',
    '336,688 rows of 17 features and 45,312 rows of 10',
    'test/data/features/online-every-row.test.ts',
    "'flights_nyc_2013', 336_688, 17]",
  ],
  ['how-to/roll-back', 'within five seconds', 'src/client/rollbacks.ts', 'WRITTEN_WITHIN_MS = 5000'],
];

test('numbers that the pages state are those of the code', () => {
  const flat = (text: string) => text.replaceAll(/\s+/g, ' ');
  const wrong = stated.filter(
    ([page, says, file, has]) => !flat(read(`docs/${page}.md`)).includes(flat(says)) || !flat(read(file)).includes(has),
  );
  expect(wrong).toEqual([]);
});
