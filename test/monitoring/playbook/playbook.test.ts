import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadWorkspace } from '../../../src/config/load.ts';
import type { ModelConfig } from '../../../src/config/model.ts';
import type { Finding } from '../../../src/monitoring/contract.ts';
import { everyText } from '../../../src/monitoring/playbook/alert-sentences.ts';
import { reconcile } from '../../../src/monitoring/playbook/incidents.ts';
import { plan } from '../../../src/monitoring/playbook/playbook.ts';

const { models } = await loadWorkspace(fileURLToPath(new URL('../../../', import.meta.url)));
const base = models.get('flights-delay')!.config;
const config: ModelConfig = {
  ...base,
  triggers: {
    ...base.triggers,
    performance: { ...base.triggers.performance, enabled: true },
    calibration: { ...base.triggers.calibration, enabled: true },
    drift: { then: 'alert_and_check_quality' as const },
  },
};
const finding = (kind: Finding['kind'], state: Finding['state'], subject: string = kind): Finding => ({
  kind,
  subject,
  state,
  value: 1,
  limit: 0.5,
  rows: 5000,
  window: { from: '2013-02-01T00:00:00.000Z', to: '2013-02-08T00:00:00.000Z' },
  windows: { beyond: 2, judged: 3, need: 2, of: 3 },
  sentence: `${subject} is ${state}.`,
});
const planned = (findings: Finding[], acting: string[] = [], custom = config) => {
  const { triggers, alerts, notes } = plan({ config: custom, findings, acting });
  return {
    triggers: triggers.map(({ trigger }) => trigger),
    alerts: alerts.map(({ incident, severity }) => `${severity} ${incident}`),
    notes: notes.map(({ sentence }) => sentence),
  };
};

test('a broken input pages and takes every trigger away', () => {
  const { triggers, alerts, notes } = planned([
    finding('input', 'broken', 'temp_f'),
    finding('performance', 'moved'),
    finding('calibration', 'moved'),
    finding('volume', 'moved'),
  ]);
  expect(triggers).toEqual([]);
  expect(alerts[0]).toBe('page input-temp_f');
  expect(notes[0]).toContain('Not retraining: the input is broken (temp_f)');
});

test('features that moved while quality holds are told and not retrained on, unless the file says so', () => {
  const findings = [
    finding('drift', 'moved', 'temp_f'),
    finding('performance', 'stable'),
    finding('calibration', 'stable'),
  ];
  expect(planned(findings, ['temp_f'])).toEqual({
    triggers: [],
    alerts: ['warn drift-features'],
    notes: ['temp_f moved, quality holds, not retraining. Look at quality as labels come in.'],
  });
  const retrain = { ...config, triggers: { ...config.triggers, drift: { then: 'retrain' as const } } };
  expect(planned(findings, ['temp_f'], retrain)).toMatchObject({ triggers: ['drift'], notes: [] });
  expect(planned(findings, [], retrain).triggers).toEqual([]);
});

test('skill and calibration ask for a run only in enough windows, and only where their trigger is on', () => {
  expect(planned([finding('performance', 'seen'), finding('calibration', 'seen')])).toEqual({
    triggers: [],
    alerts: [],
    notes: [],
  });
  expect(planned([finding('performance', 'moved'), finding('calibration', 'moved')]).triggers).toEqual([
    'performance',
    'calibration',
  ]);
  const off = {
    ...config,
    triggers: { ...config.triggers, performance: { ...config.triggers.performance, enabled: false } },
  };
  const quiet = planned([finding('performance', 'moved')], [], off);
  expect(quiet).toMatchObject({ triggers: [], alerts: ['warn performance-skill'] });
  expect(quiet.notes[0]).toContain('The performance trigger is off');
});

test('what is not judged starts nothing', () => {
  const kinds: Finding['kind'][] = ['drift', 'prediction', 'performance', 'calibration'];
  expect(planned(kinds.map((kind) => finding(kind, 'not_judged')))).toEqual({ triggers: [], alerts: [], notes: [] });
});

test('an incident is told when it opens, changes and ends, and stays open while it cannot be judged', () => {
  const alert = {
    incident: 'drift-features',
    severity: 'warn' as const,
    sentence: 'temp_f moved.',
    subjects: ['temp_f'],
  };
  const [opened] = reconcile(new Map(), [alert], '2013-02-08T00:00:00.000Z');
  expect(opened).toMatchObject({ status: 'opened', opened_at: '2013-02-08T00:00:00.000Z' });
  const open = new Map([['drift-features', opened!]]);
  expect(reconcile(open, [{ ...alert, sentence: 'temp_f moved more.' }], '2013-02-09T00:00:00.000Z')).toEqual([]);
  expect(
    reconcile(open, [{ ...alert, subjects: ['humidity_pct', 'temp_f'] }], '2013-02-09T00:00:00.000Z'),
  ).toMatchObject([{ status: 'updated', opened_at: '2013-02-08T00:00:00.000Z' }]);
  expect(reconcile(open, [], '2013-02-09T00:00:00.000Z', () => false)).toEqual([]);
  expect(reconcile(open, [], '2013-02-09T00:00:00.000Z')).toMatchObject([{ status: 'resolved', severity: 'info' }]);
});

test('in the middle of a shift more of the same drift asks for nothing; enough labels from after it ask once more, if drift may', () => {
  const retrain = { ...config, triggers: { ...config.triggers, drift: { then: 'retrain' as const } } };
  const drift = finding('drift', 'moved', 'temp_f');
  const waiting = { ...finding('after_shift', 'seen', 'drift'), since: '2013-02-01T00:00:00.000Z' };
  const ready = { ...waiting, state: 'moved' as const };
  expect(planned([drift, waiting], ['temp_f'], retrain)).toMatchObject({
    triggers: [],
    alerts: ['warn drift-features'],
  });
  expect(planned([finding('performance', 'moved'), waiting], [], retrain).triggers).toEqual(['performance']);
  expect(planned([drift, ready], ['temp_f'], retrain).triggers).toEqual(['drift']);
  const { triggers } = plan({ config: retrain, findings: [drift, ready], acting: ['temp_f'] });
  expect(triggers[0]).toMatchObject({ evidence: { looks_again: true, since: '2013-02-01T00:00:00.000Z' } });
  expect(planned([ready]).triggers).toEqual([]);
});

test('each alert ends with what hone does next and what a person can do', () => {
  const sentences = (findings: Finding[], custom = config, acting: string[] = []) =>
    plan({ config: custom, findings, acting }).alerts.map(({ sentence }) => sentence);
  const skill = finding('performance', 'moved', 'skill');
  expect(sentences([skill])).toEqual(['skill is moved. A run is asked for; the answer: hone model why flights-delay.']);
  const performance = { ...config.triggers.performance, enabled: false };
  const off = { ...config, triggers: { ...config.triggers, performance } };
  expect(sentences([skill], off)[0]).toBe(
    'skill is moved. The performance trigger is off, so no run is asked for: start one with hone run start flights-delay, or set triggers.performance.enabled.',
  );
  expect(sentences([finding('input', 'broken', 'temp_f'), skill])[1]).toBe(
    'skill is moved. No run is asked for while the input is broken: mend the source first.',
  );
  const more = { ...finding('drift', 'moved', 'dew_point_f'), value: 9 };
  expect(sentences([finding('drift', 'moved', 'temp_f'), more])).toEqual([
    '2 features moved: temp_f, dew_point_f. dew_point_f is moved. No run starts from this alone: skill and calibration are looked at again every day. ' +
      'If you know the cause is here to stay, start one with hone run start flights-delay, or set triggers.drift.then: retrain.',
  ]);
  expect(['P1D', 'PT1H', 'P7D', 'PT90M'].map(everyText)).toEqual([
    'every day',
    'every hour',
    'every 7 days',
    'every PT90M',
  ]);
});

test('a column that leaves an open incident is no news, nor is it when it comes back', () => {
  const alert = (...subjects: string[]) => ({
    incident: 'drift-features',
    severity: 'warn' as const,
    sentence: 'x.',
    subjects,
  });
  const at = (day: number) => `2013-02-0${day}T00:00:00.000Z`;
  const [opened] = reconcile(new Map(), [alert('humidity_pct', 'temp_f')], at(1));
  const open = new Map([['drift-features', opened!]]);
  expect(reconcile(open, [alert('temp_f')], at(2))).toEqual([]);
  const [updated] = reconcile(open, [alert('dew_point_f')], at(3));
  expect(updated).toMatchObject({ status: 'updated', subjects: ['dew_point_f', 'humidity_pct', 'temp_f'] });
  expect(reconcile(new Map([['drift-features', updated!]]), [alert('temp_f')], at(4))).toEqual([]);
  const [over] = reconcile(open, [], at(5));
  expect(over?.sentence).toBe(
    'Over as of 2013-02-05, open since 2013-02-01: nothing of it is beyond a limit now. It was: x.',
  );
});
