/** A finished batch in one sentence, the same for Temporal's page, the log and the command line. */

import { count } from '../numbers.ts';
import type { BatchManifest } from './contract.ts';

export function batchSentence({ batch, model, version, rows, parts, outside_window: outside }: BatchManifest): string {
  const days = parts.map(({ day }) => day);
  const span = days.length === 1 ? `of ${days[0]}` : `of ${days.length} days, ${days[0]} to ${days.at(-1)}`;
  const left = outside === 0 ? '' : ` ${count(outside)} rows of the source lie outside the window.`;
  return `Version ${version} of ${model} scored ${count(rows)} rows ${span}: batch ${batch}.${left}`;
}
