/** Broken inputs of the last day: features that are missing far more often than in the reference, or turned unknown. */
import type { ModelConfig } from '../../config/model.ts';
import type { Connection } from '../../data/engine.ts';
import type { ReferenceProfile } from '../../drift/contract.ts';
import { rankOf } from '../../drift/importance.ts';
import { type ColumnSpec, profileGroups } from '../../drift/profile.ts';
import { gridOf, predictionColumn } from '../../drift/reference.ts';
import { percent, whole } from '../../drift/sentences.ts';
import { wilson } from '../../statistics/wilson.ts';
import type { Finding, Window } from '../contract.ts';
import type { LogTable } from '../log/log-table.ts';
import { windowIndexSql, windowName } from '../windows.ts';

/** Without a rule in the file: this much more than the worst day of the reference. */
const missingMargin = 0.05;
/** From this share of never-seen values on, a category is broken at its source (a renamed code, another spelling). */
const unseenLimit = 0.5;

/** @returns one finding for each broken feature; null where the day has too few rows to tell */
export async function checkInput(
  db: Connection,
  input: {
    config: ModelConfig;
    reference: ReferenceProfile;
    log: LogTable;
    window: Window;
    importance?: Readonly<Record<string, number>> | undefined;
  },
): Promise<Finding[] | null> {
  const { config, reference, log, window, importance } = input;
  const columns: ColumnSpec[] = Object.entries(reference.columns)
    .filter(([name]) => name !== predictionColumn && log.logged.has(name))
    .map(([name, { profile }]) => ({ name, kind: profile.kind, ...gridOf(profile) }));
  const profile = (await profileGroups(db, log.relation, columns, windowIndexSql('_t', [window]))).get(0);
  if (profile === undefined || profile.rows < config.monitoring.drift.min_rows) return null;
  const found: Finding[] = [];
  for (const { name } of columns) {
    const before = reference.columns[name]!;
    const now = profile.columns[name]!;
    const usual = before.profile.missing / before.profile.rows;
    const limit = limitOf(config, name) ?? Math.min(1, Math.max(usual, before.missing_worst_day ?? 0) + missingMargin);
    const share = now.missing / now.rows;
    const rank = rankOf(name, importance);
    const title = rank === null ? `Feature ${name}` : `Feature ${name} (${rank.rank} of ${rank.of} by importance)`;
    const report = (subject: string, value: number, bound: number, sentence: string): void => {
      const windows = { beyond: 1, judged: 1, need: 1, of: 1 };
      found.push({
        kind: 'input',
        subject,
        state: 'broken',
        value,
        limit: bound,
        rows: now.rows,
        window,
        windows,
        sentence,
      });
    };
    if (share > limit && wilson(now.missing, now.rows).lower > limit) {
      report(
        name,
        share,
        limit,
        `${title} is missing in ${percent(share)} of requests (limit ${percent(limit)}, ${percent(usual)} in ${reference.name}), ` +
          `${whole(now.rows)} rows, ${windowName(window)}. Mend its source; no retraining starts meanwhile.`,
      );
    }
    const unseen = unseenShare(before.profile, now);
    if (unseen > unseenLimit) {
      report(
        name,
        unseen,
        unseenLimit,
        `${title} has values never seen before in ${percent(unseen)} of requests (limit ${percent(unseenLimit)}), ` +
          `${whole(now.rows)} rows, ${windowName(window)}. Look for a renamed code at its source; no retraining starts meanwhile.`,
      );
    }
  }
  return found;
}

/** The file's own rule wins: `missing_at_most` on a column that is used as it is. */
function limitOf(config: ModelConfig, name: string): number | null {
  const limits = config.data.rules.flatMap((rule) =>
    'missing_at_most' in rule && rule.column === name ? [rule.missing_at_most] : [],
  );
  return limits.length > 0 ? Math.min(...limits) : null;
}

type Columns = ReferenceProfile['columns'][string]['profile'];

function unseenShare(before: Columns, now: Columns): number {
  if (before.kind !== 'categorical' || now.kind !== 'categorical' || before.other > 0) return 0;
  const known = new Set(before.levels);
  const rows = now.levels.reduce((sum, level, i) => sum + (known.has(level) ? 0 : (now.counts[i] ?? 0)), now.other);
  return rows / now.rows;
}
