/** The model card: what a version is, for readers who were not there. Written as an attestation beside the version. */
import type { ModelConfig } from '../config/model.ts';
import type { VersionManifest } from '../registry/contract.ts';
import type { Packet } from './contract.ts';
import { markdownSection, plain } from './markdown.ts';
import { type Section, sections } from './sections.ts';
import { POPULATION, period } from './wording.ts';

export interface ModelCardInput {
  readonly packet: Packet;
  /** The version the card describes: the served one. */
  readonly manifest: VersionManifest;
  readonly config: ModelConfig;
  /** Names of those who approved, `policy` for an automatic approval. */
  readonly approvedBy?: readonly string[];
}

/** The card as data: what a program reads, and what the Markdown is made of. */
export interface ModelCard {
  readonly contract: 1;
  readonly model: string;
  readonly version: number;
  /** Digest of the packet that was decided on. */
  readonly packet: string;
  readonly approved_by: readonly string[];
  readonly sentence: string;
  readonly sections: readonly Section[];
}

/** Sections in the order of Mitchell et al. (2019), Model Cards for Model Reporting: details, use, factors, metrics, data, caveats. */
export function cardOf({ packet, manifest, config, approvedBy = [] }: ModelCardInput): ModelCard {
  const shown = sections(packet).filter(({ title }) =>
    ['Figures', 'Slices', 'Data', 'Trials', 'Provenance'].includes(title),
  );
  return {
    contract: 1,
    model: config.model,
    version: manifest.version,
    packet: packet.digest,
    approved_by: approvedBy,
    sentence: packet.gate.sentence,
    sections: [
      detailsSection(manifest, config, approvedBy),
      inputsSection(manifest),
      ...shown,
      caveatsSection(packet, config),
    ],
  };
}

/** Same card, same text. */
export function modelCard({ model, version, sentence, sections }: ModelCard): string {
  return `# ${plain(model)}, version ${version}\n\n${plain(sentence)}\n\n${sections.map(markdownSection).join('\n\n')}\n`;
}

function detailsSection(manifest: VersionManifest, config: ModelConfig, approvedBy: readonly string[]): Section {
  const { geometry } = manifest;
  return {
    title: 'Details',
    lines: [
      `Owner ${config.owner}; task ${config.task}; tier ${config.tier}.`,
      `Predicts ${config.data.label.column}${config.data.label.positive === undefined ? '' : ` = ${config.data.label.positive}`}, known ${config.data.label.mature_after} after the event.`,
      `Trained by ${manifest.trainer.name} in ${manifest.run ?? 'an import'}, started by ${manifest.trigger}, as of ${manifest.as_of}.`,
      ...(geometry
        ? [
            `Training rows: ${days(geometry.train)}; validation: ${days(geometry.validation)}; judged: ${days(geometry.holdout)}.`,
          ]
        : []),
      ...(manifest.refit === 'full'
        ? [`Refitted on all rows up to ${manifest.fit_end}; its twin, version ${manifest.twin}, was judged.`]
        : []),
      approvedBy.length > 0 ? `Approved by ${approvedBy.join(', ')}.` : 'Not approved yet.',
    ],
  };
}

function inputsSection(manifest: VersionManifest): Section {
  const { numeric, categorical } = manifest.signature;
  return {
    title: 'Inputs',
    lines: [`Numbers: ${numeric.join(', ') || 'none'}`, `Categories: ${categorical.join(', ') || 'none'}`],
  };
}

function caveatsSection(packet: Packet, config: ModelConfig): Section {
  const lines = [...packet.gate.warnings, ...packet.gate.person];
  const { population } = packet.evaluation;
  if (population) lines.push(`Labels are selective. Figures: ${POPULATION[population]}.`);
  if (config.gate.fairness === 'none') lines.push('No fairness limits were declared, so none were checked.');
  return { title: 'Caveats', lines };
}

/** A half-open window of whole days, with its last day. */
const days = ({ from, to }: { from: string; to: string }): string =>
  period({ from, to: new Date(Date.parse(to) - 1).toISOString() });
