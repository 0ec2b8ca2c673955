/** When the champion's skill is confirmed to have fallen, the world changed: from the first window beyond the limit on. */
import type { ModelConfig } from '../../config/model.ts';
import type { ConfirmedBreak } from '../../registry/contract.ts';
import type { TickReport } from '../contract.ts';
import { skillFell } from './performance.ts';

/**
 * The break that a tick confirmed: its incident on skill was opened, so enough windows of labelled predictions agree.
 * Pure.
 *
 * @returns null where the tick opened none, or the model does not train since a break
 */
export function breakOf(report: TickReport, { training, triggers }: ModelConfig): ConfirmedBreak | null {
  const { holdout, actions, findings, performance } = report;
  if (training.window.type !== 'since_break' || holdout === null) return null;
  const opened = actions.find(
    (action) => action.kind === 'alert' && action.incident === 'performance-skill' && action.status === 'opened',
  );
  if (opened?.kind !== 'alert') return null;
  const told = findings.find(({ kind }) => kind === 'performance')?.sentence ?? opened.sentence;
  const { skill_drop: drop, of } = triggers.performance;
  const beyond = performance.slice(0, of.of).filter((window) => skillFell(window, holdout, drop));
  const at = beyond.map(({ window }) => window.from).sort()[0];
  return at === undefined ? null : { at, source: 'performance', by: 'monitoring', reason: told.slice(0, 500) };
}
