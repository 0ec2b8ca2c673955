/** Runs every family of rules on an open context, cheapest first; a broken shape ends it before any row is read. */
import type { Finding } from '../contract.ts';
import { definitionFor } from '../features/definition.ts';
import { checkExpressions } from '../features/expression-check.ts';
import type { RuleFamily, ValidationContext } from './context.ts';
import { historyFindings } from './history/history.ts';
import { leakageFindings } from './leakage/leakage.ts';
import { lookAlikeFindings } from './look-alikes.ts';
import { metadataFindings } from './metadata-checks.ts';
import { producerFindings } from './producers.ts';
import { countAside, openQuarantine } from './quarantine/set-aside.ts';
import { forgive, type Vouch } from './quarantine/vouch.ts';
import { referenceFindings } from './references.ts';
import { repeatFindings } from './repeats.ts';
import { tooManyAside } from './report.ts';
import { rowFindings } from './row-scan.ts';
import { shapeFindings } from './shape.ts';

const FAMILIES: readonly RuleFamily[] = [
  rowFindings,
  repeatFindings,
  lookAlikeFindings,
  referenceFindings,
  historyFindings,
  leakageFindings,
];

export interface RulesResult {
  readonly findings: Finding[];
  /** Rows set aside; they stand in the table `aside`. */
  readonly quarantined: number;
  /** Rows that break a rule and were not set aside, because a person vouched for them. */
  readonly vouched: number;
}

/** @throws UserSqlFailed where a rule or feature expression does not run; FeatureDefinitionInvalid; ProducerUnknown */
export async function runRules(context: ValidationContext, vouches: readonly Vouch[] = []): Promise<RulesResult> {
  const { db, config, raw, previous, columns } = context;
  const findings = [
    ...metadataFindings(config, raw, previous),
    ...producerFindings(config, raw, previous),
    ...(await shapeFindings(context)),
  ];
  if (findings.some(({ severity }) => severity === 'reject')) return { findings, quarantined: 0, vouched: 0 };

  const used = await checkExpressions(db, definitionFor(config, raw), [...columns.keys()]);
  await openQuarantine(db);
  for (const family of FAMILIES) findings.push(...(await family({ ...context, used })));
  const vouched = await forgive(context, vouches);
  const quarantined = await countAside(db);
  const excess = tooManyAside(quarantined, raw.rows);
  return { findings: excess ? [...findings, excess] : findings, quarantined, vouched };
}
