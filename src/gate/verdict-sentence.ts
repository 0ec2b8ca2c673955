/** The one sentence of a verdict: what, numbers, rows and time, what stays as it was, what to do. */
import type { ModelConfig } from '../config/model.ts';
import type { EvaluationReport } from '../evaluation/contract.ts';
import type { GateReport, RuleResult, Verdict } from './contract.ts';
import type { GateContext } from './judge.ts';
import { rowsAndTime, versionName } from './wording.ts';

interface Judged {
  readonly report: EvaluationReport;
  readonly config: ModelConfig;
  readonly context: GateContext;
  readonly verdict: Verdict;
  readonly as: GateReport['as'];
  readonly rules: readonly RuleResult[];
}

export function verdictSentence(judged: Judged): string {
  const deciding = decidingRules(judged);
  const more = deciding.length > 2 ? `; and ${deciding.length - 2} more` : '';
  const numbers = deciding
    .slice(0, 2)
    .map((rule) => rule.sentence)
    .join('; ');
  return `${title(judged, deciding[0])}: ${numbers}${more}, ${rowsAndTime(judged.report)}. ${stays(judged)} ${advice(judged, deciding[0])}`;
}

/** The rules that made the verdict; for a pass the comparison, or the floors of a first version. */
function decidingRules({ rules, verdict, context }: Judged): RuleResult[] {
  const blocking = rules.filter((rule) => rule.effect === 'blocks');
  if (verdict !== 'pass') return blocking.filter((rule) => rule.outcome === verdict);
  const kinds = context.first ? ['primary', 'floor', 'baseline'] : ['primary'];
  const chosen = blocking.filter((rule) => kinds.includes(rule.kind));
  return chosen.length > 0 ? chosen : blocking.slice(0, 1);
}

function title({ report, verdict, as }: Judged, rule: RuleResult | undefined): string {
  const candidate = versionName(report.models.candidate.version, 'candidate');
  if (verdict === 'pass') return `Passed: ${candidate} ${claim(report, as)}`;
  if (verdict === 'inconclusive') {
    return rule?.kind === 'data'
      ? `Not decided: too few rows to judge ${candidate}`
      : `Not decided: ${candidate} may or may not be good enough`;
  }
  return `Not promoted: ${failure(rule)}`;
}

function claim(report: EvaluationReport, as: GateReport['as']): string {
  if (as === 'first') return 'is good enough to be the first version';
  const champion = versionName(report.models.champion?.version ?? null, 'champion');
  return as === 'better' ? `is better than ${champion}` : `is not worse than ${champion} by more than its margin`;
}

function failure(rule: RuleResult | undefined): string {
  switch (rule?.kind) {
    case 'floor':
      return `${rule.metric} misses its floor`;
    case 'baseline':
      return `${rule.metric} is no better than a constant prediction`;
    case 'custom':
      return rule.rule.endsWith('/floor') ? 'a metric of its own misses its floor' : 'a metric of its own is worse';
    case 'calibration':
      return 'calibration is off';
    case 'fairness':
      return 'decisions differ between groups by more than the file allows';
    case 'behaviour':
      return 'it does not answer what was asked lately';
    case 'anchor':
      return 'small losses have added up against the anchor';
    case 'slice':
      return 'a critical slice is worse';
    case 'guard':
      return rule.metric === 'log_loss' || rule.metric === 'brier_score_loss'
        ? 'calibration is worse'
        : `${rule.metric} is worse`;
    default:
      return `${rule?.metric ?? 'the candidate'} is worse`;
  }
}

function stays({ report, context, verdict }: Judged): string {
  if (context.first && report.models.champion) return 'What serves today goes on.';
  if (context.first) return 'No version is live.';
  const champion = versionName(report.models.champion?.version ?? null, 'champion');
  const name = champion.charAt(0).toUpperCase() + champion.slice(1);
  return verdict === 'pass'
    ? `${name} stays live until the rollout of the new one is complete.`
    : `${name} stays live.`;
}

function advice({ context, config, verdict, report }: Judged, rule: RuleResult | undefined): string {
  const explain = `\`hone gate explain ${context.run ?? report.model}\``;
  if (verdict === 'pass') return context.first ? 'A person has to approve it.' : `See ${explain} for every rule.`;
  if (verdict === 'inconclusive') {
    const { wait_for_labels, then } = config.gate.on_inconclusive;
    const end = then === 'person' ? 'a person decides' : context.first ? 'nothing is promoted' : 'the champion is kept';
    return `It is judged again as labels arrive, for ${wait_for_labels}; then ${end}. See ${explain}.`;
  }
  const calibrated = rule?.metric === 'log_loss' || rule?.metric === 'brier_score_loss' || rule?.kind === 'calibration';
  const cure =
    calibrated && config.training.calibration === 'none'
      ? 'recalibrate with `training.calibration: isotonic`'
      : 'change features, window or parameters and start a run';
  return `Look at ${explain}; ${cure}.`;
}
