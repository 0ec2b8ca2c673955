/** All nouns of the command line, in the order in which help shows them. Add a noun: one file, one line. */
import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { register as approve } from './nouns/approve.ts';
import { register as backtest } from './nouns/backtest.ts';
import { register as backup } from './nouns/backup.ts';
import { register as batch } from './nouns/batch.ts';
import { register as clock } from './nouns/clock.ts';
import { register as completion } from './nouns/completion.ts';
import { register as config } from './nouns/config.ts';
import { register as data } from './nouns/data.ts';
import { register as demo } from './nouns/demo.ts';
import { register as deployment } from './nouns/deployment.ts';
import { register as doctor } from './nouns/doctor.ts';
import { register as drift } from './nouns/drift.ts';
import { register as evaluate } from './nouns/evaluate.ts';
import { register as exportVersion } from './nouns/export.ts';
import { register as freeze } from './nouns/freeze.ts';
import { register as gate } from './nouns/gate.ts';
import { register as identity } from './nouns/identity.ts';
import { register as init } from './nouns/init.ts';
import { register as ledger } from './nouns/ledger.ts';
import { register as lineage } from './nouns/lineage.ts';
import { register as model } from './nouns/model.ts';
import { register as monitor } from './nouns/monitor.ts';
import { register as notify } from './nouns/notify.ts';
import { register as packet } from './nouns/packet.ts';
import { register as query } from './nouns/query.ts';
import { register as reconcile } from './nouns/reconcile.ts';
import { register as registry } from './nouns/registry.ts';
import { register as reproduce } from './nouns/reproduce.ts';
import { register as review } from './nouns/review.ts';
import { register as rollback } from './nouns/rollback.ts';
import { register as rollout } from './nouns/rollout.ts';
import { register as run } from './nouns/run.ts';
import { register as schema } from './nouns/schema.ts';
import { register as up } from './nouns/up.ts';
import { register as validate } from './nouns/validate.ts';
import { register as web } from './nouns/web.ts';
import { register as worker } from './nouns/worker.ts';

export type Register = (program: Command, context: CliContext) => void;

export const NOUNS: readonly Register[] = [
  demo,
  init,
  up,
  web,
  doctor,
  model,
  validate,
  run,
  evaluate,
  gate,
  backtest,
  packet,
  approve,
  review,
  identity,
  rollout,
  rollback,
  deployment,
  freeze,
  reconcile,
  worker,
  batch,
  exportVersion,
  monitor,
  notify,
  query,
  data,
  drift,
  registry,
  ledger,
  lineage,
  reproduce,
  backup,
  clock,
  config,
  schema,
  completion,
];
