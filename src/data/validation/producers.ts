/** Features that come ready: one window, one version of the program that made them. */
import type { ModelConfig } from '../../config/model.ts';
import type { Finding } from '../contract.ts';
import type { RawManifest } from './context.ts';

/**
 * A delivery that names another producer than the accepted one before it, beside files that were not delivered again,
 * would train on two definitions at once.
 */
export function producerFindings(config: ModelConfig, raw: RawManifest, previous: RawManifest | null): Finding[] {
  if (!config.features.precomputed || !previous) return [];
  const [now, before] = [raw.producer, previous.producer];
  if (now.name === before.name && now.version === before.version) return [];
  const earlier = new Set((previous.deliveries ?? []).map(({ sha256 }) => sha256));
  const files = raw.deliveries ?? [];
  const kept = files.filter(({ sha256 }) => earlier.has(sha256));
  if (kept.length === 0) return [];
  const [first] = kept;
  return [
    {
      rule: 'mixed_producers',
      column: null,
      severity: 'reject',
      count: kept.length,
      share: kept.length / files.length,
      limit: 'one producer and version in a window',
      examples: kept.slice(0, 20).map(({ name }) => name),
      sentence: `${kept.length} of ${files.length} files, such as ${first?.name}, are still those of ${before.name} ${before.version}, while the delivery names ${now.name} ${now.version}: features of two versions would be mixed. Let ${now.name} ${now.version} write all files of the window again.`,
    },
  ];
}
