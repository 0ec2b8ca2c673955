/** `POST …/labels` and `POST …/business`: durable before they answer; requests that wait share one file. */
import type { z } from 'zod';
import { type BusinessFigure, recordBusiness } from '../monitoring/labels/business.ts';
import { type LabelScale, labelValue } from '../monitoring/labels/label-scale.ts';
import { type ReportedLabel, recordLabels } from '../monitoring/labels/labels.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { Coalescer } from './coalesce.ts';
import { businessRequest, labelsRequest } from './contract.ts';
import { RecordNotKept, RequestRefused } from './errors.ts';
import type { ModelService } from './model-service.ts';
import { fieldPath } from './request-rows.ts';

const ROWS_A_FILE = 20_000;
type SentLabel = z.output<typeof labelsRequest>['labels'][number];

export class Recorder {
  readonly #labels = new Map<string, Coalescer<readonly ReportedLabel[], number>>();
  readonly #business = new Map<string, Coalescer<readonly BusinessFigure[], number>>();
  readonly #store: ObjectStore;
  readonly #tempDir: string;

  constructor(store: ObjectStore, tempDir: string) {
    this.#store = store;
    this.#tempDir = tempDir;
  }

  /** @returns how many were recorded. @throws RequestRefused, NoChampion, RecordNotKept */
  labels(service: ModelService, body: unknown): Promise<number> {
    const { labels } = parseBody(labelsRequest, body);
    const scale = service.labelling();
    const reported = labels.map((sent, i) => ({
      inference_id: sent.inference_id,
      label: valueAt(sent.label, scale, `labels[${i}].label`),
      label_text: String(sent.label),
      observed_at: sent.observed_at,
    }));
    const write = (all: readonly ReportedLabel[]) =>
      recordLabels(this.#store, service.model, all, { tempDir: this.#tempDir });
    return queueOf(this.#labels, service.model, 'labels', write).submit(reported);
  }

  /** @returns how many were recorded. @throws RequestRefused, RecordNotKept */
  business(service: ModelService, body: unknown): Promise<number> {
    const { records } = parseBody(businessRequest, body);
    const write = (all: readonly BusinessFigure[]) =>
      recordBusiness(this.#store, service.model, all, { tempDir: this.#tempDir });
    return queueOf(this.#business, service.model, 'business records', write).submit(records);
  }
}

/** @throws RequestRefused with the path of the first field that does not fit */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const stray = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...(issue?.path ?? []), ...stray].reduce<string>(
    (at, key) => (typeof key === 'number' ? `${at}[${key}]` : fieldPath(at, String(key))),
    '',
  );
  const tooMany = issue?.code === 'too_big' && issue.origin === 'array';
  throw new RequestRefused(issue?.message ?? 'it does not fit the contract', path || undefined, tooMany ? 413 : 400);
}

function queueOf<T>(
  queues: Map<string, Coalescer<readonly T[], number>>,
  model: string,
  what: string,
  write: (all: readonly T[]) => Promise<unknown>,
): Coalescer<readonly T[], number> {
  const run = async (batches: readonly (readonly T[])[]) => {
    try {
      await write(batches.flat());
    } catch (error) {
      throw new RecordNotKept(what, error instanceof Error ? error.message : String(error), { cause: error });
    }
    return batches.map((batch) => batch.length);
  };
  const queue = queues.get(model) ?? new Coalescer(run, { weigh: (batch) => batch.length, limit: ROWS_A_FILE });
  queues.set(model, queue);
  return queue;
}

function valueAt(sent: SentLabel['label'], scale: LabelScale, path: string): number {
  const read = labelValue(sent, scale);
  if ('problem' in read) throw new RequestRefused(read.problem, path);
  return read.value;
}
