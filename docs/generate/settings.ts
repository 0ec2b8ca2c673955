/** docs/reference/settings.md: every key of a model file and of hone.yaml, from the schemas and config/defaults.yaml. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { completeModelSchema, honeSchema, type JsonSchema } from '../../src/config/json-schema.ts';
import { cell } from './markdown.ts';

interface Setting {
  /** `gate.uncertainty.block`; `<name>` stands for any key, `[]` for an element. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly optional: boolean;
}

export async function settingsPage(root: string): Promise<string> {
  const defaults: unknown = parse(await readFile(join(root, 'config', 'defaults.yaml'), 'utf8'));
  const model = settingsOf(completeModelSchema);
  const sections = [...new Set(model.map(({ path }) => path.split(/[.[]/)[0] ?? ''))];
  const single = sections.filter((name) => model.filter(({ path }) => within(path, name)).length === 1);
  const tables = [
    `## First lines\n\n${table(
      model.filter(({ path }) => single.includes(path)),
      defaults,
    )}`,
    ...sections
      .filter((name) => !single.includes(name))
      .map(
        (name) =>
          `## ${name}\n\n${table(
            model.filter(({ path }) => within(path, name)),
            defaults,
          )}`,
      ),
  ];
  return `# Settings

Every key that the files of \`config/\` may have, from the schemas that check them; editors show the same by
\`hone config schema\`. Why a default is what it is: [configuration.md](../configuration.md). \`<name>\` stands for a name of
yours, \`[]\` for each element of a list. What has no default and is not *optional* must be in the model file.

# A model file

${tables.join('\n\n')}

# hone.yaml

${table(settingsOf(honeSchema), undefined)}
`;
}

function within(path: string, section: string): boolean {
  return path === section || path.startsWith(`${section}.`) || path.startsWith(`${section}[`);
}

function settingsOf(schema: JsonSchema, path = '', optional = false): Setting[] {
  const parts = schema['title'] === undefined ? alternatives(schema) : []; // what has a name is one value, however it is spelt
  const below = parts.flatMap((one) => [
    ...Object.entries(one.properties ?? {}).flatMap(([key, value]) =>
      settingsOf(value, path === '' ? key : `${path}.${key}`, !(one.required ?? []).includes(key)),
    ),
    // Of free keys and of elements only what they hold is told.
    ...(typeof one.additionalProperties === 'object'
      ? settingsOf(one.additionalProperties, `${path}.<name>`).slice(1)
      : []),
    ...(typeof one.items === 'object' ? settingsOf(one.items, `${path}[]`).slice(1) : []),
  ]);
  return firstOfEach([...(path === '' ? [] : [{ path, schema, optional }]), ...below]);
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return inner.length === 0 ? [schema] : inner.flatMap(alternatives);
}

/** Alternatives share keys: a setting is listed once, with the values of all of them. */
function firstOfEach(all: readonly Setting[]): Setting[] {
  const byPath = new Map<string, Setting>();
  for (const one of all) {
    const known = byPath.get(one.path);
    const schema = known
      ? { ...known.schema, anyOf: [...(known.schema.anyOf ?? [known.schema]), one.schema] }
      : one.schema;
    byPath.set(one.path, known ? { ...known, schema } : one);
  }
  return [...byPath.values()];
}

function table(settings: readonly Setting[], defaults: unknown): string {
  const rows = settings.map(({ path, schema, optional }) => {
    const value = path
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], defaults);
    const shown =
      value === undefined ? (optional ? 'optional' : '') : simple(value) ? `\`${JSON.stringify(value)}\`` : '';
    return `| \`${path}\` | ${cell(kind(schema))} | ${cell(shown)} | ${cell(meaning(path, schema))} |`;
  });
  return ['| key | value | default | means |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** @throws Error where the schema says nothing: every setting is explained */
function meaning(path: string, schema: JsonSchema): string {
  const told = schema['description'];
  if (typeof told === 'string') return told;
  if (alternatives(schema).every((one) => one.const !== undefined)) return 'Which of them it is.';
  throw new Error(`${path} has no description in its schema: add .describe('…') there`);
}

/** Records of settings show their defaults key by key. */
function simple(value: unknown): boolean {
  return (
    value === null ||
    typeof value !== 'object' ||
    (Array.isArray(value) && value.length < 8) ||
    Object.keys(value).length === 0
  );
}

function kind(schema: JsonSchema): string {
  if (typeof schema['title'] === 'string') return schema['title'];
  if (schema.const !== undefined && !schema.anyOf) return code(schema.const);
  if (schema.enum && !schema.anyOf) return schema.enum.map(code).join(', ');
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (inner.length > 0 && inner.every((one) => one.enum))
    return [...new Set(inner.flatMap((one) => one.enum?.map(code)))].join(', ');
  if (inner.length > 0) return [...new Set(inner.map(kind))].join(' or ');
  if (schema.type === 'array') return typeof schema.items === 'object' ? `list of ${kind(schema.items)}` : 'list';
  if (schema.type === 'object') return schema.properties ? 'record' : 'record by name';
  if (schema.type === 'string') return 'text';
  if (schema.type === 'integer') return 'whole number';
  return { number: 'number', boolean: 'true or false', null: 'null' }[schema.type ?? ''] ?? 'any value';
}

function code(value: unknown): string {
  return value === '\t' ? 'a tab' : `\`${String(value)}\``;
}
