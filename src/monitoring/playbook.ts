/**
 * What follows from the findings of a tick. Pure: the same findings and configuration give the same plan.
 *
 * Broken input pages and never retrains. Features that moved while quality holds are told, not acted on, unless the file
 * says `drift: {then: retrain}`. Skill or calibration beyond the limit in enough windows asks for a run. A KPI or proxy
 * that got worse pages the owner, and never retrains; so does a prediction server beyond its limits.
 */
import type { ModelConfig } from '../config/model.ts';
import type { Alert, Finding, TickAction, TriggerAction } from './contract.ts';

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
  readonly notes: readonly Extract<TickAction, { kind: 'note' }>[];
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

  const triggers: TriggerAction[] = [];
  if (config.triggers.performance.enabled) triggers.push(...skill.map((finding) => ask('performance', finding)));
  if (config.triggers.calibration.enabled) triggers.push(...calibration.map((finding) => ask('calibration', finding)));
  if (config.triggers.drift.then === 'retrain' && acting.length > 0) {
    const moved = features.filter(({ subject }) => acting.includes(subject));
    triggers.push(...moved.slice(0, 1).map((finding) => ask('drift', finding, acting)));
  }
  triggers.push(...of('volume', 'moved').map((finding) => ask('volume', finding)));
  triggers.push(...of('age', 'moved').map((finding) => ask('age', finding)));

  const alerts = [
    ...broken.map((finding) => alertOf(`${finding.kind}-${finding.subject}`, 'page', [finding])),
    ...silent.map((finding) => alertOf('log-silent', 'page', [finding])),
    ...of('service', 'broken').map((finding) =>
      alertOf(`service-${finding.subject.replace(' ', '-')}`, 'page', [finding]),
    ),
    ...of('kpi', 'moved').map((finding) => alertOf(`kpi-${finding.subject}`, 'page', [finding])),
    ...of('proxy', 'moved').map((finding) => alertOf(`proxy-${finding.subject}`, 'page', [finding])),
    ...skill.map((finding) => alertOf('performance-skill', 'warn', [finding])),
    ...of('error_stream', 'moved').map((finding) => alertOf('error-stream', 'warn', [finding])),
    ...calibration.map((finding) => alertOf('calibration', 'warn', [finding])),
    ...(prediction.length > 0 ? [alertOf('drift-prediction', 'warn', prediction)] : []),
    ...(features.length > 0 ? [alertOf('drift-features', 'warn', features)] : []),
  ];

  const notes = [
    ...notesOn({ broken, features, prediction, quality, triggers }, findings, config),
    ...notesOnSeason(seasonal),
  ];
  return { triggers: broken.length > 0 ? [] : triggers, alerts, notes };
}

interface Seen {
  readonly broken: readonly Finding[];
  readonly features: readonly Finding[];
  readonly prediction: readonly Finding[];
  readonly quality: readonly Finding[];
  readonly triggers: readonly TriggerAction[];
}

function notesOn(seen: Seen, findings: readonly Finding[], config: ModelConfig): Plan['notes'][number][] {
  const sentences: string[] = [];
  const names = list(seen.features.map(({ subject }) => subject));
  if (seen.broken.length > 0 && seen.triggers.length > 0) {
    sentences.push(
      `Not retraining: the input is broken (${list(seen.broken.map(({ subject }) => subject))}), and a model fitted on it would be worse. Mend the source first.`,
    );
  } else if (seen.features.length > 0 && seen.triggers.every(({ trigger }) => trigger !== 'drift')) {
    const judged = findings.some(({ kind, state }) => kind === 'performance' && state !== 'not_judged');
    if (seen.quality.length === 0 && seen.prediction.length > 0) {
      sentences.push(
        `${names} moved and so did the predictions; ${held(judged)}. Not retraining; look at quality as labels come in.`,
      );
    } else if (seen.quality.length === 0) {
      sentences.push(`${names} moved, ${held(judged)}, not retraining. Look at quality as labels come in.`);
    }
  }
  const disabled = seen.quality.filter(({ kind }) =>
    kind === 'performance' ? !config.triggers.performance.enabled : !config.triggers.calibration.enabled,
  );
  for (const { kind } of disabled) {
    sentences.push(
      `The ${kind} trigger is off, so no run is asked for. Start one by hand, or set triggers.${kind}.enabled.`,
    );
  }
  return sentences.map((sentence) => ({ kind: 'note', sentence }));
}

/** Against its reference it moved; against the same weeks last year it did not. */
function notesOnSeason(seasonal: readonly Finding[]): Plan['notes'][number][] {
  if (seasonal.length === 0) return [];
  const names = list(seasonal.map(({ subject }) => subject));
  const sentence = `${names} moved, inside the band of the same weeks last year: a season, so nothing is done.`;
  return [{ kind: 'note', sentence }];
}

function held(judged: boolean): string {
  return judged ? 'quality holds' : 'quality is not judged yet';
}

function ask(trigger: TriggerAction['trigger'], finding: Finding, subjects?: readonly string[]): TriggerAction {
  const { value, limit, rows, window, windows } = finding;
  return {
    kind: 'trigger',
    trigger,
    reason: finding.sentence,
    evidence: {
      subject: finding.subject,
      value,
      limit,
      rows,
      from: window.from,
      to: window.to,
      windows_beyond: windows.beyond,
      windows_needed: windows.need,
      ...(subjects === undefined ? {} : { subjects: [...subjects] }),
    },
  };
}

function alertOf(incident: string, severity: Alert['severity'], findings: readonly Finding[]): Alert {
  const subjects = findings.map(({ subject }) => subject).sort();
  const [first] = findings;
  const sentence =
    findings.length === 1
      ? first!.sentence
      : `${findings.length} features moved: ${list(subjects)}. ${first!.sentence}`;
  return { incident, severity, sentence, subjects };
}

function list(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
