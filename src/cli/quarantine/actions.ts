/** What `hone data quarantine` does: reads the records of rows set aside, and writes who took which rows back. */
import { randomUUID } from 'node:crypto';
import { modelOf } from '../../config/load.ts';
import { configSnapshot } from '../../config/snapshot.ts';
import { QuarantineMissing } from '../../data/validation/errors.ts';
import { findQuarantined, listQuarantined, type QuarantineRecord } from '../../data/validation/quarantine/record.ts';
import { openLedger, type Step } from '../../registry/ledger.ts';
import { readmitRows as readmitStep, vouchForRows, withdrawVouch } from '../../registry/readmission.ts';
import { digestOf } from '../../store/content.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { asOfOf, person } from '../services.ts';
import { listText, readmittedText, shownText } from './text.ts';

export interface ShowOptions {
  readonly run?: string;
  readonly rule?: string;
  readonly limit: string;
  readonly clear?: true;
}

export interface ReadmitOptions {
  readonly run: string;
  readonly reason: string;
  readonly rule?: string;
  readonly vouch?: true;
  readonly id: readonly string[];
  readonly all?: true;
  readonly by?: string;
}

export interface WithdrawOptions {
  readonly reason: string;
  readonly by?: string;
}

const MOST_SHOWN = 10_000;

export async function listAside(context: CliContext, model: string): Promise<void> {
  const ledger = await ledgerOf(context, model);
  const runs = await listQuarantined(await context.store(), model);
  const { vouched = [] } = await ledger.state();
  const document = runs.map(({ aside, ...run }) => ({ ...run, quarantined: aside.file.rows, ...aside }));
  context.show({ model, runs: document, vouched }, () => listText(model, runs, vouched));
}

/** @throws QuarantineMissing, UsageError */
export async function showAside(context: CliContext, model: string, options: ShowOptions): Promise<void> {
  const limit = /^[1-9]\d{0,4}$/.test(options.limit) ? Number(options.limit) : Number.NaN;
  if (!(limit <= MOST_SHOWN))
    throw new UsageError(`--limit ${options.limit} is no count from 1 to ${MOST_SHOWN}. Nothing was read.`);
  const { config } = modelOf(await context.workspace(), model);
  const store = await context.store();
  const record = await recordOf(context, model, options.run ?? null);
  const { quarantinedRows } = await import('../../data/validation/quarantine/show.ts');
  const { inScratch } = await import('../scratch.ts');
  const { rule, clear = false } = options;
  const shown = await withProgress(context, 'reading rows', () =>
    inScratch((scratch) =>
      quarantinedRows({ store, config, record, limit, clear, ...(rule === undefined ? {} : { rule }), ...scratch }),
    ),
  );
  const { run, as_of, verdict, aside } = record;
  context.show({ model, run, as_of, verdict, reasons: aside.reasons, ...shown }, () =>
    shownText(model, record, shown, options.rule),
  );
}

/** @throws QuarantineMissing, ReadmissionRefused, LedgerConflict, UsageError */
export async function readmitRows(context: CliContext, model: string, options: ReadmitOptions): Promise<void> {
  const { run, reason, rule, vouch = false, id, all = false } = options;
  if (!vouch && (id.length > 0 || all)) throw new UsageError('--id and --all go with --vouch. Nothing was written.');
  if (vouch && id.length > 0 === all)
    throw new UsageError('Say which rows you vouch for: --id <id>, once for each, or --all. Nothing was written.');
  const workspace = await context.workspace();
  const { config } = modelOf(workspace, model);
  const store = await context.store();
  const record = await recordOf(context, model, run);
  const by = person(options.by);

  const { rowsThatHold, rowsVouchedFor } = await import('../../data/validation/quarantine/readmit.ts');
  const { recordReadmission } = await import('../../data/validation/quarantine/record.ts');
  const { inScratch } = await import('../scratch.ts');
  const { rows, held } = await withProgress(context, 'checking rows', () =>
    inScratch(async (scratch) => {
      const input = { store, config, record, base: workspace.dir, ...(rule === undefined ? {} : { rule }), ...scratch };
      if (!vouch) return await rowsThatHold(input);
      return { rows: await rowsVouchedFor(input, all ? null : id), held: [] };
    }),
  );
  const how = vouch ? ('vouched' as const) : ('rule_changed' as const);
  const snapshot = digestOf(configSnapshot(workspace, model));
  const readmission = await recordReadmission(store, model, { run, how, config: snapshot, rows });

  const ledger = openLedger(store, model);
  const count = rows.file.rows;
  const state = await ledger.state();
  const order = { run, rows: count, readmission };
  const known = vouch && (state.vouched ?? []).includes(readmission);
  const asOf = await asOfOf({ workspace, store });
  // a vouch may be withdrawn and given again; that rows hold the rules is said once
  const effectId = vouch ? `vouch/${randomUUID()}` : `readmit/${readmission}`;
  const written = known
    ? null
    : await write(context, model, {
        effectId,
        asOf,
        by,
        reason,
        step: vouch ? vouchForRows(order) : readmitStep(order),
      });
  const document = {
    model,
    run,
    how,
    rows: count,
    held,
    readmission,
    already: written?.status !== 'written',
    config_applied: state.config === snapshot,
    ledger_seq: written?.seq ?? null,
  };
  context.show(document, () => readmittedText(document));
}

/** @throws LedgerConflict, UsageError */
export async function withdraw(
  context: CliContext,
  model: string,
  text: string,
  options: WithdrawOptions,
): Promise<void> {
  const ledger = await ledgerOf(context, model);
  const { vouched = [] } = await ledger.state();
  const found = /^[0-9a-f]{8,64}$/.test(text) ? vouched.filter((digest) => digest.startsWith(text)) : [];
  const [readmission] = found;
  if (readmission === undefined || found.length > 1) {
    throw new UsageError(
      `No vouch ${JSON.stringify(text.slice(0, 80))} of ${model} is in force. Nothing was written. \`hone data quarantine list ${model}\` shows them.`,
    );
  }
  const asOf = await asOfOf({ workspace: await context.workspace(), store: await context.store() });
  const { reason } = options;
  const step = withdrawVouch({ readmission });
  const { seq } = await write(context, model, {
    effectId: `withdraw/${randomUUID()}`,
    asOf,
    by: person(options.by),
    reason,
    step,
  });
  const sentence = `Vouch ${readmission.slice(0, 8)} is withdrawn: from the next run on its rows are set aside again where they break the rule.`;
  context.show({ model, readmission, ledger_seq: seq }, () => sentence);
}

async function recordOf(context: CliContext, model: string, run: string | null): Promise<QuarantineRecord> {
  await ledgerOf(context, model); // a model that nobody knows is named before its folder is read
  const record = await findQuarantined(await context.store(), model, run);
  if (record === null) throw new QuarantineMissing(model, run);
  return record;
}

async function write(
  context: CliContext,
  model: string,
  change: { effectId: string; asOf: string; by: string; reason: string; step: Step },
): Promise<{ status: 'written' | 'found'; seq: number }> {
  const { effectId, asOf, by, reason, step } = change;
  const { status, entry } = await openLedger(await context.store(), model).append({
    effectId,
    as_of: asOf,
    actor: by,
    trust: 'asserted',
    why: reason.slice(0, 1000),
    step,
  });
  return { status, seq: entry.seq };
}
