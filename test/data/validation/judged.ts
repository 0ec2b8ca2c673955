/** One family of rules on rows that a query gives: no snapshot, no store. */
import { join } from 'node:path';
import { loadWorkspace } from '../../../src/config/load.ts';
import type { ModelConfig } from '../../../src/config/model.ts';
import type { Finding } from '../../../src/data/contract.ts';
import { withDuckDb } from '../../../src/data/engine.ts';
import { definitionFor } from '../../../src/data/features/definition.ts';
import { checkExpressions } from '../../../src/data/features/expression-check.ts';
import { columnsOf } from '../../../src/data/ingest/source-reader.ts';
import { openContext, type RawManifest, type RuleFamily } from '../../../src/data/validation/context.ts';
import { project, surroundings } from '../surroundings.ts';

const workspace = loadWorkspace(project);

export type Model = 'flights-delay' | 'electricity-price';

const folders: Record<Model, string> = {
  'flights-delay': 'examples/flights_nyc_2013/events',
  'electricity-price': 'examples/electricity_nsw/events',
};

/** A relation over months of a shipped data set, times with their zone. */
export function months(model: Model, from: string, to: string): string {
  return `(SELECT * REPLACE (event_ts::TIMESTAMPTZ AS event_ts, label_available_at::TIMESTAMPTZ AS label_available_at)
    FROM read_parquet('${join(project, folders[model])}/*.parquet') WHERE event_ts >= '${from}' AND event_ts < '${to}')`;
}

export interface Judged {
  readonly findings: Finding[];
  /** `rule column` of each finding. */
  readonly fired: string[];
  /** One number of a query over the view `raw`, `recent` or `past`. */
  readonly number: Record<string, number>;
}

/**
 * @param options.sql the rows, oldest first or not
 * @param options.recentFrom rows from here on are the newest
 * @param options.ask queries whose one number comes back under the same name
 */
export async function judge(
  family: RuleFamily,
  options: {
    model: Model;
    sql: string;
    asOf: string;
    recentFrom?: string;
    configure?: (config: ModelConfig) => void;
    ask?: Record<string, string>;
  },
): Promise<Judged> {
  const { model, sql, asOf, recentFrom, configure = () => {}, ask = {} } = options;
  const { dir } = await surroundings();
  const config = structuredClone((await workspace).models.get(model)?.config);
  if (!config) throw new Error(`config/models/${model}.yaml is missing`);
  configure(config);
  return await withDuckDb({ tempDir: dir }, async (db) => {
    await db.run(
      `CREATE TABLE delivered AS SELECT *, 0::UBIGINT AS file_index, row_number() OVER () - 1 AS file_row_number FROM (${sql})`,
    );
    const columns = await columnsOf(db, '(SELECT * EXCLUDE (file_index, file_row_number) FROM delivered)');
    const [size] = (
      await db.runAndReadAll('SELECT count(*) AS n, epoch_ms(min(event_ts)) AS first FROM delivered')
    ).getRowObjectsJS();
    const raw: RawManifest = {
      ...{ kind: 'raw', model, as_of: asOf, source: 'a query', rows: Number(size?.['n']), columns },
      window: { from: new Date(Number(size?.['first'])).toISOString(), to: asOf },
      ...{ files: [], label_coverage: [], producer: { name: 'duckdb', version: 'test' } },
    };
    const previous = recentFrom === undefined ? null : { ...raw, as_of: recentFrom };
    const around = { db, config, raw, previous, asOf, horizon: asOf, dir, parquet: [], references: new Map() };
    const context = await openContext(around, 'delivered');
    const used = await checkExpressions(db, definitionFor(config, raw), [...context.columns.keys()]);
    const findings = await family({ ...context, used });
    const number: Record<string, number> = {};
    for (const [name, query] of Object.entries(ask)) {
      number[name] = Number((await db.runAndReadAll(query)).getRows()[0]?.[0]);
    }
    return {
      findings,
      fired: findings.map(({ rule, column }) => (column === null ? rule : `${rule} ${column}`)),
      number,
    };
  });
}
