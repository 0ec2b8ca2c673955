/** Examples in the pages: JSON fits its schema, a model file is valid, the trainer trains. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { z } from 'zod';
import { driftDocument } from '../../src/drift/document.ts';
import { ledgerEntry } from '../../src/registry/contract.ts';
import {
  businessRequest,
  eventAnswer,
  labelsRequest,
  predictRequest,
  predictResponse,
} from '../../src/serving/contract.ts';
import { openStore } from '../../src/store/open-store.ts';
import { trainerDeclaration, trainerJob, trainerLine } from '../../src/training/contract.ts';
import { runTrainer } from '../../src/training/run-trainer.ts';
import { cloudEvent } from '../../src/triggers/cloud-event.ts';
import { comment, decision, rolloutCommand, trigger } from '../../src/workflows/contract.ts';
import { testWorkspace } from '../config/workspace.ts';
import { categorical, flightRows, numeric } from '../training/flight-rows.ts';
import { blocks } from './pages.ts';

const schemas: Record<string, z.ZodType> = {
  decision,
  comment,
  rolloutCommand,
  trigger,
  ledgerEntry,
  predictRequest,
  predictResponse,
  labelsRequest,
  businessRequest,
  cloudEvent,
  eventAnswer,
  trainerDeclaration,
  trainerJob,
  trainerLine,
  driftDocument,
};
const json = blocks.filter(({ language }) => language === 'json');

test.each(json)('$page:$line is JSON, and what it is an example of', ({ tag, text }) => {
  const value: unknown = JSON.parse(text.replaceAll('…', ''));
  if (tag === '') return;
  expect(schemas[tag], `no schema ${tag} is known here`).toBeDefined();
  expect(schemas[tag]?.safeParse(value).error?.message).toBeUndefined();
});

test.each(blocks.filter(({ language, tag }) => language === 'yaml' && tag === 'model'))(
  '$page:$line is a valid model file',
  async ({ text }) => {
    const { write, problems } = await testWorkspace();
    await write('config/models/example.yaml', text);
    expect(await problems()).toEqual([]);
  },
);

test.each(blocks.filter(({ language, text }) => language === 'yaml' && text.startsWith('store:')))(
  '$page:$line is a store that hone understands',
  ({ text }) => {
    expect(() => openStore(text.slice('store:'.length).trim())).not.toThrow();
  },
);

test.each(blocks.filter(({ language, tag }) => language === 'python' && tag === 'trainer'))(
  '$page:$line is a trainer whose model passes parity, judged and refitted',
  async ({ text }) => {
    const rows = await flightRows();
    const folder = await mkdtemp(join(tmpdir(), 'hone-docs-trainer-'));
    onTestFinished(async () => {
      await Promise.all([rows.remove(), rm(folder, { recursive: true, force: true })]);
    });
    const trainer = join(folder, 'mine.py');
    await writeFile(trainer, text);
    const order = {
      trainer,
      train: [rows.train],
      numeric,
      categorical,
      task: 'binary',
      params: { rounds: 30 },
      seed: 7,
      categories: { min_count: 50, max_levels: 100 },
      classWeight: 'none',
      calibration: 'none',
      limits: { wall_clock: 'PT2M', memory_mb: 2048 },
      threads: 1,
    } as const;
    const judged = await runTrainer({ ...order, validation: [rows.validation], workDir: join(folder, 'judged') });
    expect(judged.metrics['roc_auc']).toBeGreaterThan(0.55);
    const refit = await runTrainer({ ...order, validation: null, rounds: 4, workDir: join(folder, 'refit') });
    expect(refit.bestIteration).toBe(4);
  },
);
