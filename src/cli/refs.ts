/** How a version is named on the command line: `flights-delay@champion`, `flights-delay/7`, `models:/flights-delay/7`. */
import { ModelUnknown } from '../config/errors.ts';
import { nearest } from '../config/nearest.ts';
import { type Alias, alias } from '../registry/contract.ts';
import { type Ledger, openLedger } from '../registry/ledger.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';

export interface VersionRef {
  readonly model: string;
  readonly ref: number | Alias;
}

/** @throws UsageError */
export function parseRef(text: string): VersionRef {
  const [, model, byAlias, byNumber] = /^(?:models:\/)?([^@/]+)(?:@([a-z_]+)|\/([1-9]\d{0,8}))$/.exec(text) ?? [];
  if (model !== undefined && byNumber !== undefined) return { model, ref: Number(byNumber) };
  const known = alias.safeParse(byAlias);
  if (model !== undefined && known.success) return { model, ref: known.data };
  throw new UsageError(
    `${JSON.stringify(text)} names no version. Write <model>/<number>, such as flights-delay/7, ` +
      `or <model>@<alias> with one of ${alias.options.join(', ')}.`,
  );
}

/**
 * The ledger of a model that is configured, or was: a removed model keeps its history.
 *
 * @throws ModelUnknown
 */
export async function ledgerOf(context: CliContext, model: string): Promise<Ledger> {
  const { models } = await context.workspace();
  const known = [...models.keys()];
  // A name that is no slug cannot be part of a key, so it is refused before the store is asked.
  if (!/^[a-z0-9-]+$/.test(model)) throw new ModelUnknown(model, known, nearest(model, known));
  const ledger = openLedger(await context.store(), model);
  if (!models.has(model) && (await ledger.head()) === null) throw new ModelUnknown(model, known, nearest(model, known));
  return ledger;
}

/**
 * The version that a text names now.
 *
 * @throws UsageError, ModelUnknown; VersionUnknown and AliasUnset as `lineage`
 */
export async function versionOf(context: CliContext, text: string): Promise<{ model: string; version: number }> {
  const { model, ref } = parseRef(text);
  await ledgerOf(context, model);
  const { lineage } = await import('../registry/lineage.ts');
  const { version } = await lineage(await context.store(), model, ref);
  return { model, version };
}
