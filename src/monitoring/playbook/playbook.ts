/**
 * What follows from the findings of a tick. Pure: the same findings and configuration give the same plan.
 *
 * Broken input pages and never retrains. Features that moved while quality holds are told, not acted on, unless the file
 * says `drift: {then: retrain}`. Skill or calibration beyond the limit in enough windows asks for a run. A KPI or proxy
 * that got worse pages the owner, and never retrains; so does a prediction server beyond its limits.
 */
import type { ModelConfig } from '../../config/model.ts';
import type { Alert, Finding, TriggerAction } from '../contract.ts';
import { nextStep } from './alert-sentences.ts';
import { list, type Note, notesOn, notesOnSeason } from './playbook-notes.ts';

export interface PlaybookInput {
  readonly config: ModelConfig;
  readonly findings: readonly Finding[];
  /** Features beyond `psi_act` in enough windows. */
  readonly acting: readonly string[];
}

export interface Plan {
  readonly triggers: readonly TriggerAction[];
  /** Everything that is wrong now; incidents decide which of it is news. */
  readonly alerts: readonly Alert[];
  readonly notes: readonly Note[];
}

export function plan({ config, findings, acting }: PlaybookInput): Plan {
  const of = (kind: Finding['kind'], ...states: Finding['state'][]): Finding[] =>
    findings.filter((finding) => finding.kind === kind && states.includes(finding.state));
  const broken = [...of('input', 'broken'), ...of('skew', 'broken')];
  const silent = of('log', 'broken');
  const seasonal = of('drift', 'moved').filter(({ last_year: lastYear }) => lastYear === 'inside');
  const features = of('drift', 'moved').filter((finding) => !seasonal.includes(finding));
  const prediction = of('prediction', 'moved');
  const skill = of('performance', 'moved');
  const calibration = of('calibration', 'moved');
  const quality = [...skill, ...calibration];

  const { performance, calibration: ofCalibration, drift } = config.triggers;
  const enabled = {
    performance: performance.enabled,
    calibration: ofCalibration.enabled,
    drift: drift.then === 'retrain',
  };
  // Trained in the middle of a shift: more of the same drift is no news, enough labels from after it are.
  const waits = of('after_shift', 'seen').length > 0;
  const moved = enabled.drift && !waits ? features.filter(({ subject }) => acting.includes(subject)) : [];
  const triggers = oneOfEach([
    ...of('after_shift', 'moved').flatMap((finding) => askAgain(finding, enabled)),
    ...(enabled.performance ? skill.map((finding) => ask('performance', finding)) : []),
    ...(enabled.calibration ? calibration.map((finding) => ask('calibration', finding)) : []),
    ...(moved.length > 0 ? [ask('drift', mostMoved(moved), moved)] : []),
    ...of('volume', 'moved').map((finding) => ask('volume', finding)),
    ...of('age', 'moved').map((finding) => ask('age', finding)),
  ]);

  const alert = (incident: string, severity: Alert['severity'], found: readonly Finding[]): Alert[] => {
    const [first] = found;
    if (first === undefined) return [];
    const kind = first.kind === 'prediction' ? 'drift' : first.kind;
    const asked = first.kind !== 'prediction' && triggers.some(({ trigger }) => trigger === kind);
    const next = nextStep(first.kind, { config, asked, broken: broken.length > 0 });
    return [alertOf(incident, severity, found, next)];
  };
  const each = (name: string, found: readonly Finding[]): Alert[] =>
    found.flatMap((finding) => alert(`${name}-${finding.subject.replace(' ', '-')}`, 'page', [finding]));
  const alerts = [
    ...broken.flatMap((finding) => alert(`${finding.kind}-${finding.subject}`, 'page', [finding])),
    ...alert('log-silent', 'page', silent),
    ...each('service', of('service', 'broken')),
    ...each('kpi', of('kpi', 'moved')),
    ...each('proxy', of('proxy', 'moved')),
    ...alert('performance-skill', 'warn', skill),
    ...alert('error-stream', 'warn', of('error_stream', 'moved')),
    ...alert('calibration', 'warn', calibration),
    ...alert('drift-prediction', 'warn', prediction),
    ...alert('drift-features', 'warn', features),
  ];

  const notes = [
    ...notesOn({ broken, features, prediction, quality, triggers }, findings, config),
    ...notesOnSeason(seasonal),
    ...of('after_shift', 'seen').map(({ sentence }) => ({ kind: 'note' as const, sentence })),
  ];
  return { triggers: broken.length > 0 ? [] : triggers, alerts, notes };
}

/** @param all findings that ask together, the one with the numbers among them */
function ask(trigger: TriggerAction['trigger'], finding: Finding, all: readonly Finding[] = [finding]): TriggerAction {
  const { value, limit, rows, window, windows } = finding;
  return {
    kind: 'trigger',
    trigger,
    reason: told(all),
    evidence: {
      subject: finding.subject,
      value,
      limit,
      rows,
      from: window.from,
      to: window.to,
      windows_beyond: windows.beyond,
      windows_needed: windows.need,
      ...(finding.since === undefined ? {} : { since: finding.since }),
      ...(finding.kind === 'drift' ? { subjects: all.map(({ subject }) => subject) } : {}),
    },
  };
}

/** The owner hears one trigger of a kind from one look. */
function oneOfEach(triggers: readonly TriggerAction[]): TriggerAction[] {
  return triggers.filter(({ trigger }, i) => triggers.findIndex((other) => other.trigger === trigger) === i);
}

/** @param allowed triggers that the file has switched on */
function askAgain(
  finding: Finding,
  allowed: Readonly<Record<'drift' | 'performance' | 'calibration', boolean>>,
): TriggerAction[] {
  const trigger = (['drift', 'performance', 'calibration'] as const).find((kind) => kind === finding.subject);
  if (trigger === undefined || !allowed[trigger]) return [];
  const asked = ask(trigger, finding);
  return [{ ...asked, evidence: { ...asked.evidence, looks_again: true } }];
}

function alertOf(incident: string, severity: Alert['severity'], findings: readonly Finding[], next: string): Alert {
  return {
    incident,
    severity,
    sentence: `${told(findings)}${next}`,
    subjects: findings.map(({ subject }) => subject).sort(),
  };
}

/** Several columns in one breath, the one that moved most in full. */
function told(findings: readonly Finding[]): string {
  const most = mostMoved(findings);
  if (findings.length === 1) return most.sentence;
  return `${findings.length} features moved: ${list(findings.map(({ subject }) => subject))}. ${most.sentence}`;
}

function mostMoved(findings: readonly Finding[]): Finding {
  const excess = ({ value, limit }: Finding): number => (value ?? 0) - (limit ?? 0);
  return findings.reduce((most, one) => (excess(one) > excess(most) ? one : most));
}
