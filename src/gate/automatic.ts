/** Whether a candidate needs a person: only where the file says so, the gate passed without a warning and no rule asks for one. */
import type { ModelConfig, TriggerKind } from '../config/model.ts';
import type { GateReport } from './contract.ts';

export function approvedByPolicy(
  model: Pick<ModelConfig, 'approval' | 'tier'>,
  trigger: TriggerKind,
  gate: Pick<GateReport, 'verdict' | 'warnings' | 'person'>,
): boolean {
  const { auto } = model.approval;
  if (auto === 'never' || model.tier === 'high' || gate.verdict !== 'pass') return false;
  if (gate.warnings.length > 0 || gate.person.length > 0) return false;
  return auto.triggers.includes(trigger);
}
