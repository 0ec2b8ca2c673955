/** The deployment target that a model's file names, ready to be called; and how a person does by hand what hone cannot. */
import type { ModelConfig } from '../config/model.ts';
import { type CommandPlace, commandTarget } from './command.ts';
import { CALL, type DeploymentTarget, outsideTarget } from './contract.ts';
import { webhookTarget } from './webhook.ts';

export type TargetPlace = Omit<CommandPlace, 'model'>;

/**
 * @returns null for hone's own prediction server, which follows the ledger by itself
 * @throws TargetUnusable
 */
export function openTarget(config: ModelConfig, place: TargetPlace): DeploymentTarget | null {
  const target = outsideTarget(config.deploy.target);
  if (target === null) return null;
  const at = { ...place, model: config.model };
  return target.kind === 'webhook' ? webhookTarget(target, at) : commandTarget(target, at);
}

/** The exact command that puts a version back without hone's workers; null takes the only version out. */
export function manualRollback(config: ModelConfig, version: number | null): string {
  const { model } = config;
  const to = version ?? 'none';
  const target = outsideTarget(config.deploy.target);
  if (target?.kind !== 'command') return `npx hone deployment rollback ${model} --to ${to}`;
  const [key, share] = [`by-hand/${model}/${to}`, version === null ? 0 : 100];
  const call = JSON.stringify({ contract: CALL, call: 'rollback', model, key, version, share });
  return `echo ${quoted(call)} | ${target.program.map(quoted).join(' ')}`;
}

/** For a person's shell; hone itself never uses one. */
const quoted = (text: string): string => (/^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
