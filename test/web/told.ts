/** What the pages are shown in tests: a small history, a real packet, a look of monitoring; with hostile words where strangers may write. */

import type { ColumnDrift } from '../../src/drift/contract.ts';
import { type Packet, packet as packetShape } from '../../src/gate/contract.ts';
import type { TickReport } from '../../src/monitoring/contract.ts';
import { freeze } from '../../src/registry/changes.ts';
import { attest } from '../../src/registry/versions.ts';
import type { Interval } from '../../src/statistics/contract.ts';
import { digestOf, putByDigest, putDocument } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { tellHistory } from '../cli/story.ts';
import { town } from '../evaluation/flights.ts';
import { packetOf } from '../gate/judged.ts';
import { putTick } from './site.ts';

export const MODEL = 'flights-delay';
/** Would run, break out of an attribute, or turn a line around. */
export const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> \u202egnp.exe';

export async function tell(store: ObjectStore): Promise<void> {
  const ledger = await tellHistory(store);
  await ledger.append({
    effectId: 'freeze/hostile',
    as_of: '2013-04-11T00:00:00.000Z',
    actor: HOSTILE,
    trust: 'asserted',
    why: HOSTILE,
    step: freeze({ by: HOSTILE, reason: HOSTILE, until: null }),
  });
  const run = `${MODEL}-000002`;
  await putPacket(store, run, 2);
  await attest(store, MODEL, 2, 'model-card', { markdown: `# Card\n\n${HOSTILE}` });
  await putDocument(store, `models/${MODEL}/runs/${run}/record.json`, recordOf());
  await putDocument(store, `models/${MODEL}/runs/${run}/reasons.json`, [
    { kind: 'schedule', reason: HOSTILE, by: HOSTILE },
  ]);
  await putTick(store, lookOf(MODEL, '2013-04-11T00:00:00.000Z'));
  // An answer of before `decided` was kept.
  await putDocument(store, `models/${MODEL}/triggers/0f.json`, {
    trigger: { kind: 'drift', reason: HOSTILE, by: HOSTILE },
    answer: 'skipped',
    run: null,
    reason: HOSTILE,
    at: '2013-04-11T00:00:00.000Z',
  });
}

async function putPacket(store: ObjectStore, run: string, version: number): Promise<void> {
  const on = town();
  const {
    digest: _old,
    short: _short,
    ...made
  } = await packetOf({ on, candidate: on.scores(0.2), champion: on.scores(0.9, { seed: 2 }) });
  const [first, ...others] = made.evaluation.slices;
  const slices = first ? [{ ...first, value: HOSTILE }, ...others] : [];
  const content = {
    ...made,
    run,
    question: `Replace version 1 by ${version}? ${HOSTILE}`,
    why_now: { ...made.why_now, reason: HOSTILE, evidence: [HOSTILE] },
    evaluation: { ...made.evaluation, slices },
    changed: [{ what: HOSTILE, from: HOSTILE, to: HOSTILE }],
  };
  const digest = digestOf(content);
  await attest(store, MODEL, version, 'packet', packetShape.parse({ ...content, digest, short: digest.slice(0, 8) }));
  const { models } = content.evaluation;
  const against = models.champion && { ...models.champion, version: 1 };
  await putJudgement(store, 1, { ...made, evaluation: { ...made.evaluation, models: { ...models, champion: null } } });
  await putJudgement(store, version, {
    ...made,
    evaluation: { ...content.evaluation, models: { ...models, champion: against } },
  });
}

async function putJudgement(
  store: ObjectStore,
  version: number,
  { evaluation, gate }: Pick<Packet, 'evaluation' | 'gate'>,
) {
  const report = await putByDigest(store, 'documents', { evaluation, gate });
  await attest(store, MODEL, version, 'gate-1', { report, verdict: gate.verdict, sentence: gate.sentence });
}

function recordOf() {
  const at = (minute: number) => new Date(Date.UTC(2013, 3, 1, 10, minute)).toISOString();
  return {
    outcome: 'promoted',
    version: 2,
    sentence: `Version 2 is champion. ${HOSTILE}`,
    trigger: 'schedule',
    as_of: at(0),
    stages: [
      { stage: 'ingest', started: at(0), ended: at(1) },
      { stage: 'train', started: at(1), ended: at(9) },
    ],
    messages: [{ name: 'approve', by: HOSTILE, at: at(5), accepted: false, answer: HOSTILE }],
    ended_at: at(10),
  };
}

/** A look with a column, a figure and an alert whose names are hostile. */
export function lookOf(model: string, asOf: string, names: { column?: string } = {}): TickReport {
  const { column = HOSTILE } = names;
  const window = { from: '2013-04-01T00:00:00.000Z', to: '2013-04-08T00:00:00.000Z' };
  const windows = { beyond: 2, judged: 3, need: 2, of: 3 };
  const base = { rows: 5000, window, windows };
  const interval: Interval = {
    ...{ estimate: 0.1, lower: 0.02, upper: 0.18, level: 0.05, se: 0.03, df: 6 },
    ...{ method: 'block_jackknife', blocks: 7, reason: null },
  };
  return {
    contract: 1,
    model,
    as_of: asOf,
    champion: 1,
    promoted_at: '2013-03-01T00:00:00.000Z',
    holdout: null,
    findings: [
      {
        ...base,
        kind: 'performance',
        subject: 'skill',
        state: 'stable',
        value: 0.1,
        limit: 0.05,
        sentence: 'Skill holds.',
      },
      {
        ...base,
        kind: 'input',
        subject: column,
        state: 'broken',
        value: 0.4,
        limit: 0.1,
        sentence: `${column} is missing.`,
      },
    ],
    actions: [
      {
        kind: 'alert',
        incident: 'input',
        severity: 'page',
        sentence: `The input ${column} is broken.`,
        status: 'opened',
      },
    ],
    open_incidents: ['input'],
    drift: {
      reference: { name: 'training rows', rows: 20_000, from: null, to: null },
      columns: { [column]: columnOf(column) },
      dataset: { share_moved: 1, moved: [column], judged: 1, verdict: 'moved', sentence: `${column} moved.` },
    },
    drift_verdict: 'moved',
    pictures: {
      [column]: {
        shape: 'levels',
        bars: [
          { label: column, reference: 0.25, current: 0.75 },
          { label: 'other', reference: 0.75, current: 0.15 },
        ],
        missing: { label: 'missing', reference: 0, current: 0.1 },
      },
    },
    performance: [
      {
        window,
        ...{ rows: 5000, labelled: 4900, coverage: 0.98, label_rate: 0.2, mean_prediction: 0.21 },
        ...{ log_loss: 0.5, roc_auc: 0.7, skill: interval, calibration: interval, not_judged: null },
      },
    ],
    business: [
      {
        ...{ name: column, role: 'kpi', per: 'record', worse: 'higher', usual: 3, limit: 4, noise: 0.5, past_weeks: 6 },
        windows: [{ window, value: 3.2, records: 40 }],
      },
    ],
    sentence: `Skill holds. ${column} moved.`,
  };
}

function columnOf(name: string): ColumnDrift {
  return {
    kind: 'categorical',
    n_reference: 20_000,
    n_current: 5000,
    ...{ psi: 0.4, js_distance: 0.2, ks_statistic: null, wasserstein_distance: null, chi_squared: 90, p_value: 1e-6 },
    missing: { reference: 0, current: 0.1 },
    new_categories: [name],
    new_category_share: 0.02,
    ...{ threshold: 0.1, noise: 0.01, noise_from: 'formula', verdict: 'moved' },
    sentence: `${name} moved.`,
  };
}
