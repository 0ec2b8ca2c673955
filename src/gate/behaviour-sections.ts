/** Parts of the packet about how the candidate behaves: calibration, rows decided otherwise, size, time, features. */
import type { CurvePoint, EvaluationReport, Footprint } from '../evaluation/contract.ts';
import { count, percent } from '../numbers.ts';
import type { Section } from './sections.ts';

const PLOT = 25;
const EXAMPLES_SHOWN = 10;
const FEATURES_SHOWN = 6;
const CHANGES_SHOWN = 5;

/** Ten parts of the rows by score: what the candidate says (s) and what happened (h) on one scale; `*` where both meet. */
export function calibrationSections({ models, task }: EvaluationReport): Section[] {
  const { curve } = models.candidate;
  if (!curve || curve.length < 2) return [];
  const values = curve.flatMap(({ mean_score, mean_label }) => [mean_score, mean_label]);
  const [low, high] = task === 'binary' ? [0, Math.max(...values)] : [Math.min(...values), Math.max(...values)];
  const place = (value: number) => Math.round(((value - low) / Math.max(high - low, 1e-12)) * (PLOT - 1));
  const champion = models.champion?.curve;
  const rows = curve.map((point, i) => [
    count(point.rows),
    shown(point.mean_score),
    shown(point.mean_label),
    ...(champion ? [championCell(champion[i])] : []),
    plotted(place(point.mean_score), place(point.mean_label)),
  ]);
  const head = ['rows', 'says', 'happened', ...(champion ? ['champion says / happened'] : []), 'plot'];
  const scale = `Plot from ${shown(low)} to ${shown(high)}: s is what the candidate says, h what happened, * where both meet.`;
  return [{ title: 'Calibration', lines: [scale], table: { head, rows, drawn: head.length - 1 } }];
}

const championCell = (point: CurvePoint | undefined): string =>
  point ? `${shown(point.mean_score)} / ${shown(point.mean_label)}` : '';

function plotted(says: number, happened: number): string {
  const line = new Array<string>(PLOT).fill('.');
  line[says] = 's';
  line[happened] = says === happened ? '*' : 'h';
  return line.join('');
}

export function behaviourSections(report: EvaluationReport): Section[] {
  const lines = [...thresholdLine(report), ...footprintLines(report), ...importanceLine(report), ...replayLine(report)];
  const examples = (report.flip_examples ?? []).filter((_, i, all) => shownExample(i, all.length));
  const rows = examples.map(({ event_time, label, candidate, champion, features }) => [
    event_time.slice(0, 16).replace('T', ' '),
    `${champion.decision} (${shown(champion.score)})`,
    `${candidate.decision} (${shown(candidate.score)})`,
    String(label),
    featureText(features),
  ]);
  if (lines.length + rows.length === 0) return [];
  const head = ['decided otherwise, e.g.', 'champion', 'candidate', 'label', 'what may be shown of it'];
  return [{ title: 'Behaviour', lines, ...(rows.length > 0 ? { table: { head, rows } } : {}) }];
}

/** From either end: those put right stand first, those got wrong last. */
const shownExample = (i: number, all: number): boolean => i < EXAMPLES_SHOWN / 2 || i >= all - EXAMPLES_SHOWN / 2;

function featureText(features: Readonly<Record<string, string | null>>): string {
  const known = Object.entries(features);
  if (known.length === 0) return 'nothing is kept';
  const some = known.slice(0, FEATURES_SHOWN).map(([name, value]) => `${name} ${value ?? 'missing'}`);
  return some.join(', ') + (known.length > some.length ? ', …' : '');
}

function thresholdLine({ task, footprint, behaviour }: EvaluationReport): string[] {
  const own = behaviour?.threshold ?? footprint?.candidate.threshold;
  if (task !== 'binary' || own == null) return [];
  const other = footprint?.champion?.threshold;
  const change = other == null ? '' : other === own ? ', as the champion' : `; the champion serves with ${other}`;
  return [`Decides as positive from ${own} on${change}.`];
}

function footprintLines({ footprint }: EvaluationReport): string[] {
  if (!footprint) return [];
  const { candidate, champion } = footprint;
  const times = ({ latency_ms: time }: Footprint) => (time ? `${time.p50} ms (p99 ${time.p99})` : 'not measured');
  const size = ({ bytes }: Footprint) => `${count(Math.ceil(bytes / 1024))} kB`;
  const against = (text: (one: Footprint) => string) => (champion ? `, champion ${text(champion)}` : '');
  return [
    `Size ${size(candidate)}${against(size)}; one row takes ${times(candidate)}${against(times)}, where it was evaluated.`,
  ];
}

/** The largest changes of a feature's share; nothing where a trainer gave no figures. */
function importanceLine({ footprint }: EvaluationReport): string[] {
  const [now, before] = [footprint?.candidate.importance, footprint?.champion?.importance];
  if (!now) return [];
  const share = (known: Readonly<Record<string, number>>, name: string) => known[name] ?? 0;
  if (!before) {
    const top = Object.entries(now).sort(([, a], [, b]) => b - a);
    return [
      `Features that weigh most: ${top
        .slice(0, CHANGES_SHOWN)
        .map(([name, value]) => `${name} ${percent(value)}`)
        .join(', ')}.`,
    ];
  }
  const names = [...new Set([...Object.keys(now), ...Object.keys(before)])];
  const change = (name: string) => Math.abs(share(now, name) - share(before, name));
  const most = names.sort((a, b) => change(b) - change(a) || (a < b ? -1 : 1)).slice(0, CHANGES_SHOWN);
  const said = most.map((name) => `${name} ${percent(share(before, name))} → ${percent(share(now, name))}`);
  return [`Weight of features, largest changes: ${said.join(', ')}.`];
}

function replayLine({ replay }: EvaluationReport): string[] {
  if (!replay) return [];
  if (replay.reason !== null) return [`The last requests were not replayed: ${replay.reason}.`];
  const { requests, failed, answers, latency_ms: time, missing } = replay;
  const gaps = Object.entries(missing).sort(([, a], [, b]) => b - a);
  const most = gaps.slice(0, 3).map(([name, share]) => `${name} missing in ${percent(share)}`);
  const said = answers
    ? `; mean answer ${shown(answers.mean)}, given then ${shown(answers.given)}, moved by ${shown(answers.moved)} each`
    : '';
  const took = time ? `; one takes ${time.p50} ms (p99 ${time.p99})` : '';
  return [
    `Replay of the last ${count(requests)} requests: ${count(failed)} failed${said}${took}${most.length > 0 ? `; ${most.join(', ')}` : ''}.`,
  ];
}

const shown = (value: number): string => String(Number(value.toPrecision(3)));
