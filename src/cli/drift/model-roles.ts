/** Column roles from a model of the workspace, or from a model file that lies anywhere. */
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { readExtended } from '../../config/extends.ts';
import { findWorkspace, modelOf } from '../../config/load.ts';
import { sqlType } from '../../config/sections/features.ts';
import { plain } from '../../config/tree.ts';
import type { ColumnRoles } from '../../drift/column-kinds.ts';
import type { DerivedFeatures } from '../../drift/derived-columns.ts';
import { HoneError } from '../../errors.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { modelFileAt } from '../model-file.ts';

/** The few values that a comparison needs; the rest of the file need not be complete. */
const named = z.object({
  model: z.string(),
  data: z.object({
    id: z.string(),
    entity: z.string().nullish(),
    event_time: z.string(),
    label: z.object({ column: z.string(), available_at: z.string().nullish() }),
    outcomes: z.array(z.string()).default([]),
  }),
  features: z
    .object({
      categories: z.object({ columns: z.array(z.string()).default([]) }).optional(),
      sql: z.record(z.string(), z.object({ type: sqlType, expr: z.string() })).optional(),
    })
    .optional(),
});
type Named = z.output<typeof named>;

/** @throws ModelUnknown, ConfigInvalid; UsageError where a file is no model file */
export async function rolesOf(
  context: CliContext,
  model: string,
): Promise<{ roles: ColumnRoles; features: DerivedFeatures; eventTime: string }> {
  const path = await modelFileAt(context, model);
  const config = path !== undefined ? await readFile(path, model) : modelOf(await context.workspace(), model).config;
  return { roles: roles(config), features: derived(config), eventTime: config.data.event_time };
}

/** What the champion of a model of this workspace makes of its features; a model file, or a store out of reach, has nothing to say. */
export async function importanceOf(context: CliContext, model: string): Promise<Record<string, number> | undefined> {
  if ((await modelFileAt(context, model)) !== undefined) return undefined;
  const { openLedger } = await import('../../registry/ledger.ts');
  const { readVersion } = await import('../../registry/versions.ts');
  try {
    const store = await context.store();
    const { champion } = (await openLedger(store, model).state()).aliases;
    return champion === null ? undefined : (await readVersion(store, model, champion.version)).importance;
  } catch (error) {
    if (error instanceof HoneError && error.exitCode === 69) return undefined;
    throw error;
  }
}

async function readFile(path: string, asked: string): Promise<Named> {
  const dir = await findWorkspace(dirname(path)).catch(() => dirname(path));
  const { tree, problems } = await readExtended(dir, path.slice(dir.length + 1) || basename(path));
  const read = tree === undefined ? undefined : named.safeParse(plain(tree));
  if (read?.success) return read.data;
  const [first] = read?.error.issues ?? [];
  const reason = first ? `${first.path.join('.')}: ${first.message}` : (problems[0]?.message ?? 'it is empty');
  throw new UsageError(
    `${asked} does not say which columns are features: ${reason}. Nothing was compared. ` +
      'Name a model file, or a model of this workspace.',
  );
}

function derived({ model, data, features }: Named): DerivedFeatures {
  const hidden = [data.label.column, data.label.available_at, ...data.outcomes].filter((name) => name != null);
  const categories = new Set(features?.categories?.columns);
  const columns = Object.entries(features?.sql ?? {}).map(([name, { type, expr }]) => ({
    ...{ name, expr },
    type: categories.has(name) ? ('string' as const) : type,
  }));
  return { model, columns, hidden };
}

function roles({ model, data, features }: Named): ColumnRoles {
  const pairs: [string | null | undefined, string][] = [
    [data.entity, 'the entity'],
    ...data.outcomes.map((name): [string, string] => [name, 'an outcome']),
    [data.label.available_at, "the label's time"],
    [data.label.column, 'the label'],
    [data.event_time, 'the event time'],
    [data.id, 'the id'],
  ];
  const notFeatures = new Map(pairs.flatMap(([name, role]) => (name ? [[name, role] as const] : [])));
  return { model, notFeatures, categories: new Set(features?.categories?.columns) };
}
