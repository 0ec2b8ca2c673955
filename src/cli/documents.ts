/** Documents that the store keeps and that commands print a part of, by name. Whole documents by command: documents/commands.ts. */
import { z } from 'zod';
import { backtestReport } from '../backtest/contract.ts';
import { batchManifest } from '../batch/contract.ts';
import { driftReport } from '../drift/contract.ts';
import { evaluationReport } from '../evaluation/contract.ts';
import { gateReport, packet } from '../gate/contract.ts';
import { incidentChange, probationReport, tickReport } from '../monitoring/contract.ts';
import { ledgerEntry, ledgerState, versionManifest } from '../registry/contract.ts';
import { nodeRecord } from '../serving/contract.ts';

/** What every command prints to stdout with `--json` where it fails. */
export const failure = z.object({
  error: z.looseObject({ code: z.string(), message: z.string(), retryable: z.boolean() }),
});

export interface PublishedDocument {
  /** Where it is met. */
  readonly from: string;
  readonly schema: z.ZodType;
}

export const DOCUMENTS: Readonly<Record<string, PublishedDocument>> = {
  error: { from: 'any command that fails, with --json', schema: failure },
  'ledger-entry': { from: 'ledger show', schema: ledgerEntry },
  'ledger-state': { from: 'ledger show --at, model show', schema: ledgerState },
  'version-manifest': { from: 'registry show', schema: versionManifest },
  'tick-report': { from: 'monitor show, monitor run', schema: tickReport },
  incident: { from: 'incidents of a model in the store', schema: incidentChange },
  'probation-report': { from: 'probation of a version in the store', schema: probationReport },
  'drift-report': { from: 'inside a tick-report', schema: driftReport },
  'evaluation-report': { from: 'evaluate', schema: evaluationReport },
  'gate-report': { from: 'gate explain, and inside a packet', schema: gateReport },
  packet: { from: 'packet show', schema: packet },
  'backtest-report': { from: 'backtest', schema: backtestReport },
  'batch-manifest': { from: 'batch score, batch run, batch show', schema: batchManifest },
  'node-record': { from: 'a prediction server, in the store', schema: nodeRecord },
};

/** JSON Schema, draft 2020-12, of what is printed. */
export function jsonSchemaOf(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
}
