/** All nouns of the command line, in the order in which help shows them. Add a noun: one file, one line. */
import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { register as config } from './nouns/config.ts';
import { register as demo } from './nouns/demo.ts';
import { register as doctor } from './nouns/doctor.ts';
import { register as ledger } from './nouns/ledger.ts';
import { register as lineage } from './nouns/lineage.ts';
import { register as model } from './nouns/model.ts';
import { register as registry } from './nouns/registry.ts';

export type Register = (program: Command, context: CliContext) => void;

export const NOUNS: readonly Register[] = [demo, doctor, model, registry, ledger, lineage, config];
