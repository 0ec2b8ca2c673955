/** Every row of a shipped data set through both ways: the offline SQL over its Parquet, and JSON through the online features. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadWorkspace } from '../../../src/config/load.ts';
import { type Connection, withDuckDb } from '../../../src/data/engine.ts';
import { featureDefinition, featureSelect } from '../../../src/data/features/definition.ts';
import { OnlineFeatures, type OnlineRows } from '../../../src/data/features/online.ts';
import { columnsOf } from '../../../src/data/ingest/source-reader.ts';
import { parquetOf, quoteName } from '../../../src/data/sql-text.ts';
import { project, type Surroundings } from '../surroundings.ts';

const ROWS_A_REQUEST = 1000;

export interface Agreement {
  readonly rows: number;
  readonly features: readonly string[];
  /** `feature: n rows`; empty where all agree. */
  readonly differing: readonly string[];
}

export async function everyRow({ dir }: Surroundings, model: string, folder: string): Promise<Agreement> {
  const config = (await loadWorkspace(project)).models.get(model)?.config;
  if (!config) throw new Error(`there is no model ${model}`);
  const definition = featureDefinition(config);
  const events = join(project, 'examples', folder, 'events');
  const files = (await readdir(events)).filter((name) => name.endsWith('.parquet')).sort();
  const differing = new Map<string, number>();
  let rows = 0;
  await withDuckDb({ tempDir: dir }, async (db) => {
    const types = Object.fromEntries(
      (await columnsOf(db, parquetOf(files.map((name) => join(events, name))))).map(({ name, type }) => [name, type]),
    );
    const online = await OnlineFeatures.open(definition, types);
    const inputs = [...online.inputs.keys()];
    for (const name of files) {
      const source = `(SELECT row_number() OVER () AS _row, * FROM ${parquetOf([join(events, name)])})`;
      const count = Number((await columns(db, `SELECT count(*) FROM ${source}`))[0]?.[0]);
      for (let from = 0; from < count; from += ROWS_A_REQUEST) {
        const part = `FROM ${source} WHERE _row > ${from} AND _row <= ${Math.min(count, from + ROWS_A_REQUEST)} ORDER BY _row`;
        const offline = await columns(db, `SELECT ${featureSelect(definition)} ${part}`);
        // the rows as a caller has them: DuckDB's own JSON, read by JSON.parse
        const [sent = []] = await columns(
          db,
          `SELECT to_json(struct_pack(${inputs.map((each) => `${quoteName(each)} := ${quoteName(each)}`).join(', ')}))::VARCHAR ${part}`,
        );
        const computed = await online.compute(sent.map((text) => JSON.parse(String(text)) as Record<string, unknown>));
        definition.columns.forEach((feature, i) => {
          const found = differences(computed, definition, feature.name, offline[i] ?? []);
          if (found > 0) differing.set(feature.name, (differing.get(feature.name) ?? 0) + found);
        });
        rows += computed.rows;
      }
    }
    await online.close();
  });
  const features = definition.columns.map(({ name }) => name);
  return { rows, features, differing: [...differing].map(([name, count]) => `${name}: ${count} rows`) };
}

function differences(
  online: OnlineRows,
  { numeric, categorical }: { readonly numeric: readonly string[]; readonly categorical: readonly string[] },
  name: string,
  offline: readonly unknown[],
): number {
  const column = numeric.indexOf(name);
  const text = online.categorical[categorical.indexOf(name)];
  let found = 0;
  for (let row = 0; row < online.rows; row++) {
    const value = offline[row] ?? null;
    const same =
      column >= 0
        ? Object.is(online.numeric[row * numeric.length + column], value === null ? Number.NaN : Number(value))
        : text?.[row] === (value === null ? '' : String(value));
    if (!same) found += 1;
  }
  return offline.length === online.rows ? found : online.rows;
}

async function columns(db: Connection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await db.runAndReadAll(sql)).getColumns();
}
