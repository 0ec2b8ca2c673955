/** Prometheus metrics of a serving node. Names start with `hone_`; labels are model, version, arm and route only. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { LogWriter } from '../monitoring/log/log-writer.ts';
import type { NodeModel } from './contract.ts';
import { type Breach, MEASURES } from './service-limits.ts';

/** Read at each scrape. */
export interface Figures {
  readonly status: () => Record<string, NodeModel>;
  readonly log: LogWriter;
  readonly beyond: () => readonly Breach[];
  /** Rows that are being answered, by model. */
  readonly waiting: () => readonly { readonly model: string; readonly rows: number }[];
}

interface AnsweredLabels {
  readonly model: string;
  readonly version: number;
  readonly arm: string;
}

export class ServingMetrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  readonly #requests = new Histogram({
    name: 'hone_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer',
    labelNames: ['route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: this.#registers,
  });
  readonly #ofRoute = new Map<string, Histogram.Internal<'route' | 'status'>>();
  /** Rows answered and not told to the counter yet: it makes a text of its labels at each call. */
  readonly #answered = new Map<string, { readonly labels: AnsweredLabels; rows: number }>();
  readonly #dropped = new Counter({
    name: 'hone_request_fields_dropped_total',
    help: 'Fields of rows that no column of the model has; ignored and never logged',
    labelNames: ['model'],
    registers: this.#registers,
  });

  constructor({ status, log, beyond, waiting }: Figures) {
    const registers = this.#registers;
    const answered = this.#answered;
    new Counter({
      name: 'hone_predictions_total',
      help: 'Rows answered, by the version that answered and its arm',
      labelNames: ['model', 'version', 'arm'],
      registers,
      collect() {
        for (const tally of answered.values()) {
          this.inc(tally.labels, tally.rows);
          tally.rows = 0;
        }
      },
    });
    collectDefaultMetrics({ register: this.#registry }); // CPU, memory, event loop of the process, under their usual names
    new Gauge({
      name: 'hone_service_beyond_limit',
      help: '1 while the server is beyond that limit of monitoring.service; GET /v1/node says it in words',
      labelNames: ['measure'],
      registers,
      collect() {
        const now = beyond();
        for (const measure of MEASURES) this.set({ measure }, Number(now.some((one) => one.measure === measure)));
      },
    });
    new Gauge({
      name: 'hone_waiting_rows',
      help: 'Rows that are being answered or wait for it; beyond a limit requests are refused with 503',
      labelNames: ['model'],
      registers,
      collect() {
        for (const { model, rows } of waiting()) this.set({ model }, rows);
      },
    });
    const perArm = ['errors', 'nan', 'fallbacks', 'crashes', 'timeouts', 'shadow_dropped', 'staged'] as const;
    for (const counted of perArm) {
      new Gauge({
        name: `hone_arm_${counted}`,
        help: `Evidence since boot: ${counted} of a version`,
        labelNames: ['model', 'version'],
        registers,
        collect() {
          for (const [model, { arms }] of Object.entries(status())) {
            for (const [version, evidence] of Object.entries(arms)) this.set({ model, version }, evidence[counted]);
          }
        },
      });
    }
    const perModel = {
      generation: 'Routing generation followed',
      champion: 'Version that is the champion, 0 if none',
      ready: '1 when all wanted versions are in place',
    };
    for (const [field, help] of Object.entries(perModel)) {
      new Gauge({
        name: `hone_model_${field}`,
        help,
        labelNames: ['model'],
        registers,
        collect() {
          for (const [model, state] of Object.entries(status()))
            this.set({ model }, Number(state[field as keyof typeof perModel] ?? 0));
        },
      });
    }
    const logFigures = {
      hone_log_written_total: ['Prediction records written', () => log.counts.written],
      hone_log_dropped_total: ['Prediction records lost because too many waited', () => log.counts.dropped],
      hone_log_failed_writes_total: [
        'Writes of the prediction log that the store did not take',
        () => log.counts.failedWrites,
      ],
      hone_log_waiting: ['Prediction records that are not durable yet', () => log.waitingRows],
    } as const;
    for (const [name, [help, value]] of Object.entries(logFigures)) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    }
  }

  request(route: string, status: number, seconds: number): void {
    const key = `${status} ${route}`;
    const known = this.#ofRoute.get(key) ?? this.#requests.labels({ route, status });
    this.#ofRoute.set(key, known); // looking labels up costs more than counting
    known.observe(seconds);
  }

  answered(model: string, version: number, arm: string, rows: number): void {
    const key = `${version} ${arm} ${model}`;
    const tally = this.#answered.get(key);
    if (tally) tally.rows += rows;
    else this.#answered.set(key, { labels: { model, version, arm }, rows });
  }

  droppedFields(model: string, fields: number): void {
    if (fields > 0) this.#dropped.inc({ model }, fields);
  }

  async text(): Promise<{ type: string; body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
