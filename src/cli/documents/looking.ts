/** What commands print with `--json` that look at models, versions, runs and data, by command. */
import { z } from 'zod';
import { backtestReport } from '../../backtest/contract.ts';
import { batchManifest } from '../../batch/contract.ts';
import { driftDocument } from '../../drift/document.ts';
import { evaluationReport } from '../../evaluation/contract.ts';
import { gateReport, packet } from '../../gate/contract.ts';
import { tickReport } from '../../monitoring/contract.ts';
import { notice } from '../../notifications/contract.ts';
import { ledgerEntry, ledgerState, versionManifest } from '../../registry/contract.ts';
import { count, flag, maybeCount, maybeText, open, text } from './parts.ts';

const dueReview = open({ model: text, version: count, by: text, reason: text, at: text });
const finding = open({ severity: text, message: text });

const model = {
  'model list': open({
    models: z.array(
      open({
        model: text,
        owner: text,
        champion: maybeCount,
        promoted_at: maybeText,
        active_run: maybeText,
        frozen: flag,
        paused: flag,
        last_outcome: maybeText,
      }),
    ),
  }),
  'model show': open({
    model: text,
    file: maybeText,
    ledger_seq: count,
    state: ledgerState,
    config: open({}).nullable(),
    reviews: z.array(dueReview),
  }),
  'model why': open({
    model: text,
    sentence: text,
    decisions: z.array(open({ at: text, what: text, run: maybeText, sentence: text })),
    starters: z.array(text),
  }),
  'model plan': open({
    model: text,
    run: text,
    champion: maybeCount,
    by_schedule: open({ verdict: text, reason: text }),
    by_hand: open({ verdict: text, reason: text }),
    preview: open({ as_of: text, windows: z.array(open({ part: text, from: text, to: text, rows: count })) }),
    approval: open({ approvers: count, people: z.array(text), deadline: text }),
    rollout: open({ steps: z.array(count), bake: text }),
    detectable: open({ metric: text, value: count, run: text }).nullable(),
  }),
};

const story = open({
  run: text,
  model: text,
  reasons: z.array(open({ kind: text, reason: text, by: text })),
  changes: z.array(text),
  source: z.enum(['workflow', 'memo', 'record']),
  open: flag,
  stage: maybeText,
  stages: z.array(open({ stage: text, started: text, ended: maybeText })),
  waiting_for: maybeText,
  deadline: maybeText,
  packet: maybeText,
  approvals: z.array(text),
  rollout: open({ step: maybeCount, paused: flag }).nullable(),
  sentence: text,
  outcome: maybeText,
  version: maybeCount,
  ended_at: maybeText,
});

export const runStory = story;

const runs = {
  'run list': open({
    runs: z.array(
      open({
        run: text,
        model: text,
        trigger: text,
        stage: maybeText,
        outcome: maybeText,
        needs: maybeText,
        waitingFor: maybeText,
        deadline: maybeText,
        packet: maybeText,
        sentence: text,
        started: text,
        ended: maybeText,
        status: text,
      }),
    ),
  }),
  'run show': story.extend({ ui: maybeText }),
  'run watch': story,
  'run compare': open({
    runs: z.array(open({ run: text })),
    differences: z.array(open({ what: text, values: z.array(maybeText) })),
    metrics: z.array(open({ metric: text, values: z.array(open({}).nullable()) })),
    same_rows: flag,
    slices: open({}).nullable(),
    sentence: text,
  }),
  'packet show': packet,
  'gate explain': open({
    model: text,
    run: text,
    looks: z.array(open({ version: count, look: count, ...gateReport.shape })),
  }),
  'gate backtest': open({
    model: text,
    policy: text,
    sentence: text,
    decisions: z.array(open({ run: maybeText, as_of: text, version: count, look: count, was: text, would_be: text })),
  }),
};

const versions = {
  'registry list': open({
    model: text,
    versions: z.array(
      open({ version: count, status: text, aliases: z.array(text), run: maybeText, as_of: text, manifest: text }),
    ),
  }),
  'registry show': z.union([
    open({
      model: text,
      version: count,
      status: text,
      aliases: z.array(text),
      packet: maybeText,
      approvals: z.array(open({})),
      manifest: versionManifest,
    }),
    open({ model: text, version: count, packet: text, sections: z.array(open({ title: text, lines: z.array(text) })) }),
  ]),
  'registry verify': open({
    ok: flag,
    versions: z.array(open({ model: text, version: count, status: text, files: count })),
  }),
  lineage: open({
    model: text,
    version: count,
    status: text,
    aliases: z.array(text),
    manifest: text,
    commit: text,
    dirty: flag,
    config: text,
    raw: maybeText,
    features: maybeText,
    definition: maybeText,
    run: maybeText,
    trigger: text,
    as_of: text,
    packet: maybeText,
    approvals: z.array(open({})),
  }),
  reproduce: open({
    model: text,
    version: count,
    equal: flag,
    identical: flag,
    metrics: z.array(open({ metric: text, recorded: count, now: maybeCount, difference: maybeCount })),
    golden: open({ rows: count, worst: maybeCount }),
    tolerance: count,
    surroundings: z.array(open({ what: text, recorded: text, now: text })),
  }),
  'ledger show': z.union([
    open({ model: text, entries: z.array(ledgerEntry) }),
    open({ model: text, at: text, state: ledgerState }),
  ]),
  'ledger verify': open({ ok: flag, ledgers: z.array(open({ model: text, ok: flag, entries: count })) }),
};

const data = {
  validate: open({
    verdict: z.enum(['pass', 'quarantine', 'reject']),
    as_of: maybeText,
    findings: z.array(finding),
    rows: open({ read: count, accepted: count, quarantined: count }),
  }),
  drift: driftDocument,
  evaluate: open({
    data: open({ rows: count, from: maybeText, to: maybeText }),
    as_of: text,
    report: evaluationReport,
  }),
  backtest: backtestReport,
  query: z.union([
    open({
      columns: z.array(open({ name: text, type: text })),
      rows: z.array(z.array(z.unknown())),
      truncated: flag,
      limit: count,
    }),
    open({ views: z.record(text, open({ row: text, columns: z.record(text, text) })) }),
  ]),
  'data quarantine list': open({
    model: text,
    runs: z.array(open({ run: text, as_of: text, verdict: text, quarantined: count })),
    vouched: z.array(open({})),
  }),
  'data quarantine show': open({
    model: text,
    run: text,
    as_of: text,
    verdict: text,
    rows: z.array(open({ reasons: z.array(z.unknown()) })),
    total: count,
  }),
  'batch list': z.array(batchManifest),
  'batch show': batchManifest,
  'monitor show': open({
    ...tickReport.shape,
    service_now: open({ findings: z.array(open({})), nodes: z.array(open({})) }),
  }),
  'monitor labels show': open({
    model: text,
    as_of: text,
    counts: open({}),
    weeks: z.array(open({ window: open({}), predictions: count, coverage: maybeCount, corrected: count })),
  }),
};

const surroundings = {
  doctor: open({
    ok: flag,
    parts: z.array(open({ name: text, ok: flag })),
    stuck: z.array(open({ workflow: text, why: text, sentence: text })),
    reviews: z.array(dueReview),
  }),
  'deployment status': open({
    model: text,
    target: text,
    wanted: maybeCount,
    version: maybeCount,
    share: count,
    healthy: flag,
    agrees: flag,
  }),
  'worker list': open({
    deployment: text,
    builds: z.array(open({ build: text, current: flag, state: text, first_seen: maybeText })),
  }),
  'notify list': z.array(notice),
  'identity show': open({ keys: z.array(open({ name: text, id: text, public: text, private_here: flag })) }),
  'clock show': open({ clock: text, as_of: text }),
  'config validate': open({
    ok: flag,
    models: z.array(open({ model: text, file: text, shipped: z.array(text).optional() })),
    warnings: z.array(open({ file: text, message: text })),
  }),
  'config explain': open({
    model: text,
    values: z.array(open({ path: text, value: z.unknown(), file: text, line: count, own: flag, shipped: flag })),
  }),
  'config schema': open({}),
  schema: open({}),
  completion: open({ shell: text, script: text }),
};

export const LOOKING = { ...model, ...runs, ...versions, ...data, ...surroundings };
