/** The prediction log as it would have been: the production checks that read it, run on the rows of the past. */
import { join } from 'node:path';
import type { Connection } from '../data/engine.ts';
import { parquetOf, quoteName, quoteText } from '../data/sql-text.ts';
import type { ReferenceProfile } from '../drift/contract.ts';
import { columnSpecs, referenceOf } from '../drift/reference.ts';
import { checkDrift, type DriftCheck } from '../monitoring/checks/drift-check.ts';
import { checkGrowth, volumeFrom } from '../monitoring/checks/growth-check.ts';
import { checkInput } from '../monitoring/checks/input-quality.ts';
import { chooseReference } from '../monitoring/checks/reference-choice.ts';
import type { Finding, Window } from '../monitoring/contract.ts';
import { logPolicy } from '../monitoring/log/log-policy.ts';
import { type LogTable, openLogTable } from '../monitoring/log/log-table.ts';
import { DAY, lastWindows, startOfDay } from '../monitoring/windows.ts';
import type { Past } from './past.ts';
import { inTurns } from './turns.ts';
import type { Watched } from './watch.ts';

export interface ServedLog {
  brokenInputs(watched: Watched): Promise<readonly Finding[]>;
  drift(watched: Watched, healthy: boolean): Promise<Pick<DriftCheck, 'findings' | 'acting'>>;
  growth(watched: Watched): Promise<readonly Finding[]>;
}

/**
 * Every request from `from` on, with the features that the model file logs as they are. Who answered it differs by
 * policy, so predictions are not in it.
 *
 * @param db lives as long as the log
 */
export async function openServedLog(db: Connection, past: Past, workDir: string): Promise<ServedLog> {
  const { definition, config, from } = past;
  const policy = logPolicy(config.monitoring.log, { ...definition, entity: null }, '');
  const logged = [...policy.numeric, ...policy.categorical].flatMap((one) => (one?.fate === 'keep' ? [one] : []));
  const path = join(workDir, 'served-log.parquet');
  const columns = logged.map(({ field, column }) => `${quoteName(field)} AS ${quoteName(column)}`);
  const served = `(SELECT * FROM ${parquetOf([past.path])} WHERE _event_time >= ${Date.parse(from)})`;
  await db.run(
    `COPY (SELECT _id AS inference_id, epoch_ms(_event_time) AS event_time, 'champion' AS arm, 1 AS version,
     NULL::DOUBLE AS prediction${['', ...columns].join(', ')} FROM ${served} ORDER BY _event_time)
     TO ${quoteText(path)} (FORMAT parquet, ROW_GROUP_SIZE 20000)`,
  );

  const alone = inTurns(1); // the checks name their temporary tables
  const profiles = new Map<string, ReferenceProfile>();
  const references = new Map<string, ReferenceProfile | null>();

  const trained = async ({ version }: Watched): Promise<ReferenceProfile> => {
    const { key, from: first, to: last } = version.scored.trained;
    const found = profiles.get(key);
    if (found) return found;
    const between = `_event_time >= ${Date.parse(first)} AND _event_time <= ${Date.parse(last)}`;
    const profile = await referenceOf(db, {
      relation: `(SELECT * FROM ${parquetOf([past.path])} WHERE ${between} AND _known_at IS NOT NULL)`,
      columns: columnSpecs(definition.numeric, definition.categorical),
      timeColumn: '_event_time',
      name: 'training rows',
    });
    profiles.set(key, profile);
    return profile;
  };

  const opened = (range: { from: number; to: number }, name: string): Promise<LogTable | null> =>
    openLogTable(db, {
      ...{ paths: [path], version: null, ...range, name },
      ...{ numeric: definition.numeric, categorical: definition.categorical },
    });

  const brokenInputs = async (watched: Watched): Promise<readonly Finding[]> => {
    const { config, since, asOf } = watched;
    const window: Window = { from: iso(asOf - DAY), to: iso(asOf) };
    const log = await opened({ from: Math.max(asOf - DAY, since), to: asOf }, 'last_day');
    if (log === null) return [];
    return (await checkInput(db, { config, reference: await trained(watched), log, window })) ?? [];
  };

  const drift = async (watched: Watched, healthy: boolean): Promise<Pick<DriftCheck, 'findings' | 'acting'>> => {
    const { config, since, asOf } = watched;
    const { window, of } = config.monitoring.drift;
    const windows = lastWindows(startOfDay(asOf), window, of.of);
    const range = { from: Math.max(since, Date.parse(windows.at(-1)?.from ?? '')), to: asOf };
    const log = await opened(range, 'watched_log');
    if (log === null) return { findings: [], acting: [] };
    // The past is the same for every version: only where it is too short does the reference hang on the version.
    const key = JSON.stringify([windows, healthy, config.monitoring.references.drift, config.monitoring.drift]);
    const training = await trained(watched);
    const kept = references.get(key);
    const reference = kept ?? (await chooseReference(db, { config, training, paths: [path], windows, healthy }));
    if (kept === undefined && reference !== training) references.set(key, reference);
    return checkDrift(db, { config, reference, log, windows, notBefore: since });
  };

  const growth = async ({ config, since, asOf }: Watched): Promise<readonly Finding[]> => {
    const labels = join(workDir, 'served-labels.parquet');
    if (config.triggers.volume !== null) {
      const oldest = volumeFrom(config, iso(since));
      await db.run(
        `COPY (SELECT _id AS inference_id FROM ${parquetOf([past.path])} WHERE _known_at <= ${asOf} AND _event_time >= ${oldest})
         TO ${quoteText(labels)} (FORMAT parquet)`,
      );
    }
    return checkGrowth(db, { config, promotedAt: iso(since), asOf: iso(asOf), paths: [path], labels });
  };

  return {
    brokenInputs: (watched) => alone(() => brokenInputs(watched)),
    drift: (watched, healthy) => alone(() => drift(watched, healthy)),
    growth: (watched) => alone(() => growth(watched)),
  };
}

const iso = (ms: number) => new Date(ms).toISOString();
