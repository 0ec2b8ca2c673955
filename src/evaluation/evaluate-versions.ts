/** Two or three versions on the same rows: scored, brought into one order and over one set of classes, and judged. */
import type { ModelConfig } from '../config/model.ts';
import type { FeatureRows } from '../data/columns.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { alignScores } from './align.ts';
import { classesOf, classRates, positioned, widened } from './classes.ts';
import type { EvaluationReport, Footprint } from './contract.ts';
import { customMetrics } from './custom-metrics.ts';
import type { DemandedSlice } from './demanded-slices.ts';
import { type EvaluationInput, evaluate, LEVEL } from './evaluate.ts';
import { flipExamples } from './flip-examples.ts';
import { judgedRows, pickRows, type Thresholds } from './judged-rows.ts';
import { gateColumn } from './row-weights.ts';
import type { ScoredVersion } from './score-version.ts';
import { type SearchInput, searchSlices } from './slice-search.ts';

export interface VersionsInput {
  readonly config: ModelConfig;
  readonly score: (manifest: VersionManifest) => Promise<ScoredVersion>;
  readonly candidate: VersionManifest;
  readonly champion: VersionManifest | null;
  readonly anchor: VersionManifest | null;
  /** Rows that the reasons of the run name; `score` has read their columns. */
  readonly demanded?: readonly DemandedSlice[];
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

export interface VersionsEvaluation {
  readonly report: EvaluationReport;
  /** As the candidate saw them. */
  readonly rows: FeatureRows;
}

/**
 * @throws as `evaluate` and `customMetrics`; GateColumnUnusable; ScoresDoNotFitRows when the versions were not scored on the same rows
 */
export async function evaluateVersions(input: VersionsInput): Promise<VersionsEvaluation> {
  const { config, candidate, champion, anchor } = input;
  const own = await input.score(candidate);
  const other = await others(input, own);
  const scored = { candidate: own.scores, ...other.scores };
  const versions = [candidate, champion, anchor].filter((one) => one !== null);
  const several = config.task === 'multiclass';
  const judged = several
    ? overAllClasses(versions, own.rows, scored)
    : oneScoreEach(candidate, own, { ...incumbentScores(input, own), ...scored });
  const thresholds = thresholdsOf({ candidate: own.footprint, ...other.footprints });
  const report = evaluate({
    config,
    ...judged,
    candidateVersion: candidate.version,
    ...(champion ? { championVersion: champion.version } : {}),
    ...(anchor ? { anchorVersion: anchor.version } : {}),
    seed: config.training.seed,
    thresholds,
    ...(input.demanded ? { demanded: input.demanded } : {}),
  });
  const more = report.rows > 0 ? await furtherFigures(input, own, { ...judged, thresholds }) : {};
  const footprint = { candidate: own.footprint, champion: other.footprints.champion ?? null };
  return { report: { ...report, ...more, footprint }, rows: own.rows };
}

type JudgedInput = Pick<EvaluationInput, 'rows' | 'scores' | 'classes' | 'baselineRate' | 'thresholds'>;

/** What needs more than labels and scores of the rows. */
async function furtherFigures(input: VersionsInput, own: ScoredVersion, judgedInput: JudgedInput) {
  const { rows, scores, classes, thresholds } = judgedInput;
  const { config, candidate, workDir, signal } = input;
  const { signature } = candidate;
  const width = classes?.values.length;
  const judged = judgedRows(config, rows, width, thresholds);
  const pick = (all: Float64Array) => pickRows(all, judged.index, width);
  const picked = { candidate: pick(scores.candidate), champion: scores.champion ? pick(scores.champion) : null };
  const named = classes ? { classes: classes.values } : {};
  const custom = await customMetrics({
    ...{ config, judged, workDir, path: own.path, ...named, level: LEVEL, scores: picked },
    features: [...signature.numeric, ...signature.categorical],
    ...(signal ? { signal } : {}),
  });
  const { champion } = picked;
  return {
    ...(custom.length > 0 ? { custom } : {}),
    ...(champion ? searched({ config, judged, signature, rows: own.rows, ...picked, champion }, own.footprint) : {}),
    ...(champion
      ? { flip_examples: flipExamples({ config, rows: own.rows, judged, signature, ...picked, champion, ...named }) }
      : {}),
  };
}

function searched(input: Omit<SearchInput, 'importance'>, { importance }: Footprint) {
  const search = searchSlices({ ...input, importance });
  return search ? { slice_search: search } : {};
}

type Scores = EvaluationInput['scores'];

async function others({ score, champion, anchor }: VersionsInput, own: ScoredVersion) {
  const aligned = async (manifest: VersionManifest, { rows, scores }: ScoredVersion): Promise<Float64Array> => {
    if (rows === own.rows) return scores;
    const { task, classes } = manifest.signature;
    const width = task === 'multiclass' ? classes?.length : 1;
    return alignScores(`version ${manifest.version}`, own.rows.id, { id: rows.id, scores }, width);
  };
  const scored = champion && (await score(champion));
  const anchored = anchor && (await score(anchor));
  return {
    footprints: {
      ...(scored ? { champion: scored.footprint } : {}),
      ...(anchored ? { anchor: anchored.footprint } : {}),
    },
    scores: {
      ...(champion && scored ? { champion: await aligned(champion, scored) } : {}),
      ...(anchor && anchored ? { anchor: await aligned(anchor, anchored) } : {}),
    },
  };
}

/** What each version serves with; nothing for one that makes no decision by a threshold. */
function thresholdsOf(footprints: Readonly<Partial<Record<keyof Thresholds, Footprint>>>): Thresholds {
  const told = Object.entries(footprints).filter(([, { threshold }]) => threshold !== null);
  return Object.fromEntries(told.map(([who, { threshold }]) => [who, threshold]));
}

/** Without a champion the incumbent stands in its place, where the file names the column of its scores. */
function incumbentScores({ config, champion }: VersionsInput, { rows }: ScoredVersion): Partial<Scores> {
  const { incumbent: column } = config.gate;
  if (champion !== null || column === null) return {};
  const binary = config.task === 'binary';
  const values = gateColumn(config.model, {
    ...{ setting: 'gate.incumbent', column, values: rows.slices[column] ?? [], index: Int32Array.from(rows.id.keys()) },
    usable: (score) => !binary || (score >= 0 && score <= 1),
    needed: binary ? 'a probability from 0 to 1' : 'a number',
  });
  return { champion: values };
}

/** An imported version does not know its training labels: the constant is then the best one for these rows. */
function oneScoreEach({ metrics }: VersionManifest, { rows }: ScoredVersion, scores: Scores): JudgedInput {
  const known = rows.label.filter((label) => !Number.isNaN(label));
  const mean = known.reduce((sum, label) => sum + label, 0) / Math.max(known.length, 1);
  return { rows, scores, baselineRate: metrics['train_label_mean'] ?? mean };
}

function overAllClasses(versions: readonly VersionManifest[], rows: FeatureRows, scores: Scores): JudgedInput {
  const [candidate] = versions as [VersionManifest];
  const values = classesOf(versions, rows.label);
  const placed = positioned(rows, values);
  const named = Object.entries(scores) as [keyof Scores, Float64Array][];
  const wide = named.map(([who, own], i) => [who, widened(own, versions[i]?.signature.classes ?? [], values)]);
  return {
    rows: placed,
    scores: Object.fromEntries(wide) as Scores,
    baselineRate: 0,
    classes: { values, rates: classRates(candidate, values, placed.label) },
  };
}
