/** Where a model's records lie in the store. Every key with a model's name in it is built here. */
import { slug } from '../config/values.ts';
import { ModelNameRefused } from './errors.ts';

/** The ledger of changes that concern all models of an installation. */
export const FLEET = '_fleet';

/** @throws ModelNameRefused */
export function modelFolder(model: string): string {
  if (model !== FLEET && !slug.safeParse(model).success) throw new ModelNameRefused(model);
  return `models/${model}`;
}

export function ledgerFolder(model: string): string {
  return `${modelFolder(model)}/ledger`;
}

export function ledgerKey(model: string, seq: number): string {
  return `${ledgerFolder(model)}/${String(seq).padStart(12, '0')}.json`;
}

/** A number that is never larger than the newest entry's, written after each append: where to start looking. */
export function hintKey(model: string): string {
  return `${modelFolder(model)}/ledger-hint.json`;
}

export function manifestKey(model: string, version: number): string {
  return `${modelFolder(model)}/versions/${version}/manifest.json`;
}

export function attestationKey(model: string, version: number, name: string): string {
  return `${modelFolder(model)}/versions/${version}/attestations/${name}.json`;
}
