/** What commands print with `--json` that change something, by command. */
import { z } from 'zod';
import { batchManifest } from '../../batch/contract.ts';
import { tickReport } from '../../monitoring/contract.ts';
import { runStory } from './looking.ts';
import { count, flag, maybeCount, maybeText, open, text, written } from './parts.ts';

const answer = open({
  answer: z.enum(['started', 'merged', 'queued', 'skipped']),
  run: maybeText,
  reason: text,
});
const applied = open({
  dry_run: flag,
  models: z.array(open({ model: text, change: text, config: maybeText, differences: z.array(open({})) })),
  schedules: z.array(open({})),
  search_attributes: z.array(text),
});

const decided = z.union([
  open({ run: text, kind: text, by: text, packet: text, trust: z.enum(['signed', 'asserted']), answer: text }),
  open({ packet: text, by: text }),
]);
const steered = open({ run: text, command: text, by: text, answer: text });

const runs = {
  'run start': answer.extend({ story: runStory.optional() }),
  'run retry': answer.extend({ retry: open({ run: text, from: text }) }),
  'run cancel': open({ run: text, cancelled: flag }),
  'run unstick': open({ workflow: text, why: maybeText, did: maybeText, dropped_messages: count, sentence: text }),
  approve: decided,
  reject: decided,
  comment: open({ run: text, kind: text, by: text, answer: text }),
  review: z.union([
    open({ due: z.array(open({ model: text, version: count, by: text, reason: text, at: text })) }),
    open({ model: text, version: count, by: text, comment: text, ...written }),
  ]),
  'rollout pause': steered,
  'rollout resume': steered,
  'rollout promote': steered,
  'rollout abort': steered,
};

const frozen = open({ model: text, frozen: flag, by: text, reason: text, ...written });
const models = {
  rollback: z.union([
    open({
      model: text,
      dry_run: z.literal(true),
      to: maybeCount,
      would_cancel: maybeText,
      problem: maybeText,
      targets: z.array(open({ version: count, run: maybeText, as_of: text, promoted_at: text, default: flag })),
    }),
    open({
      model: text,
      dry_run: z.literal(false),
      from: count,
      to: count,
      seconds: maybeCount,
      by: text,
      sentence: text,
    }),
  ]),
  freeze: frozen.extend({ until: maybeText }),
  unfreeze: frozen,
  'model init': open({ model: text, file: text, rows: count, from: text, to: text }),
  'model break': open({
    model: text,
    at: text,
    withdrawn: flag,
    by: text,
    reason: text,
    last: open({ at: text }).nullable(),
    window: text,
    ...written,
  }),
  'deployment rollback': open({
    model: text,
    to: maybeCount,
    key: text,
    taken: text,
    version: maybeCount,
    share: count,
    healthy: flag,
  }),
  'deployment answer': open({ answer: text, wanted: maybeCount }),
  'registry import': open({ model: text, version: count }),
  'registry gc': z.union([
    open({ dry_run: z.literal(true), garbage: z.array(open({ key: text, bytes: count, reason: text })) }),
    open({ dry_run: z.literal(false), removed: z.unknown() }),
  ]),
  export: open({ model: text, version: count, out: text, files: z.unknown() }),
};

const copied = open({ ...batchManifest.shape, out: text.optional() });
const data = {
  'batch score': copied,
  'batch run': copied,
  'batch export': copied,
  'monitor run': open({ ...tickReport.shape, triggered: z.unknown() }),
  'monitor labels import': open({
    model: text,
    file: text,
    dry_run: flag,
    rows: count,
    recorded: count,
    corrected: count,
    repeated: count,
    unknown: count,
    too_late: count,
    examples: z.array(text),
  }),
  'monitor log import': open({ model: text, file: text, dry_run: flag, rows: count, recorded: count, repeated: count }),
  'monitor erase': open({
    model: text,
    erasure: text,
    rows: z.unknown(),
    snapshots: z.array(open({})),
    sentence: text,
  }),
  'data quarantine readmit': open({ model: text, run: text, how: text, config_applied: flag, ledger_seq: maybeCount }),
  'data quarantine withdraw': open({ model: text, readmission: text, ...written }),
};

const place = {
  demo: open({ runs: z.unknown(), versions: z.unknown(), months: z.unknown(), ledger: z.unknown(), seconds: count }),
  init: open({ folder: text, files: z.unknown(), example: maybeText, staged: z.unknown() }),
  up: open({
    dir: text,
    store: text,
    temporal: open({ address: text, ui: maybeText }),
    serving: open({ url: text }),
    web: open({ url: text }).nullable(),
    started: z.array(text),
    applied,
  }),
  down: open({ stopped: z.array(open({ name: text, pid: count, started_at: z.unknown() })) }),
  'web serve': open({ url: text }),
  'web token': open({ token: text, token_sha256: text }),
  'config apply': applied,
  'clock set': open({ clock: text, as_of: text, was: text }),
  reconcile: open({
    dry_run: flag,
    at: text,
    models: count,
    repairs: z.array(
      open({ finding: open({ sentence: text }), result: z.enum(['repaired', 'left', 'would_repair']), sentence: text }),
    ),
  }),
  'worker promote': open({ build: text, before: maybeText, sentence: text }),
  'notify test': open({ route: text, type: text, delivered: flag }),
  'notify replay': open({ route: text, sent: count }),
  'identity enrol': open({ name: text, key: text, public: text, file: text }),
  'identity revoke': open({ name: text, keys: z.array(open({})) }),
  backup: open({ id: text, place: text, objects: count, bytes: count }),
  restore: z.union([
    open({ place: text, backups: z.array(open({ id: text, objects: count, bytes: count })) }),
    open({
      id: text,
      place: text,
      store: text,
      objects: count,
      models: z.array(open({ model: text, entries: count, champion: maybeCount, activeRun: maybeText })).nullable(),
    }),
  ]),
};

export const ACTING = { ...runs, ...models, ...data, ...place };
