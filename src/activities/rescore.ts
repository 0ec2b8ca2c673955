/** Scores of an earlier version on logged predictions: its features as they were logged, its model as it was served. */
import { dirname, join } from 'node:path';
import { readFeatureColumns } from '../data/columns.ts';
import { rowsOf, withDuckDb } from '../data/engine.ts';
import { parquetOf, quoteName, quoteText } from '../data/sql-text.ts';
import { readVersion } from '../registry/versions.ts';
import { MODEL_FILE } from '../serving/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { getBlob } from '../store/content.ts';
import type { Deps } from './deps.ts';
import { FeatureNotLogged } from './errors.ts';

/**
 * @returns a function from log files (`_id`, `_event_time`, `_label`, `f_<feature>`) to scores in row order
 * @throws (from it) FeatureNotLogged when the log's privacy policy dropped a feature that the version needs
 */
export function rescorer(deps: Deps, model: string, version: number): (paths: string[]) => Promise<Float64Array> {
  return async (paths) => {
    const manifest = await readVersion(deps.store, model, version);
    const { numeric, categorical } = manifest.signature;
    const folder = dirname(paths[0] ?? deps.scratchDir);
    const path = join(folder, `rescore-${version}.parquet`);
    await withDuckDb({ tempDir: folder }, async (db) => {
      const logged = await rowsOf(db, `DESCRIBE SELECT * FROM ${parquetOf(paths)}`);
      const names = new Set(logged.map((row) => String(row['column_name'])));
      const missing = [...numeric, ...categorical].find((name) => !names.has(`f_${name}`));
      if (missing) throw new FeatureNotLogged(model, version, missing);
      const features = [
        ...numeric.map((name) => `CAST(${quoteName(`f_${name}`)} AS FLOAT) AS ${quoteName(name)}`),
        ...categorical.map((name) => `CAST(${quoteName(`f_${name}`)} AS VARCHAR) AS ${quoteName(name)}`),
      ];
      const roles = `_id, NULL::VARCHAR AS _entity, _event_time::BIGINT AS _event_time, _label, 1::DOUBLE AS _weight`;
      const rows = `SELECT ${roles}, ${features.join(', ')} FROM ${parquetOf(paths)} ORDER BY _event_time, _id`;
      await db.run(`COPY (${rows}) TO ${quoteText(path)} (FORMAT parquet)`);
    });
    const file = manifest.files.find((one) => one.name === MODEL_FILE);
    const runtime = await ModelRuntime.load(await getBlob(deps.store, file?.sha256 ?? ''), manifest.signature);
    try {
      return await runtime.predict(await readFeatureColumns([path], { numeric, categorical }));
    } finally {
      await runtime.release();
    }
  };
}
