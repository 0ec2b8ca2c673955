/** The JSON Schema published for editors, and the questions that error messages ask of it. */
import { z } from 'zod';
import { honeConfig } from './hone.ts';
import { modelConfig } from './model.ts';
import type { Path } from './problems.ts';

export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
}

const asJson = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema;

/** A complete model, after `extends`. */
export const completeModelSchema: JsonSchema = asJson(modelConfig);
export const honeSchema: JsonSchema = asJson(honeConfig);

/** For editors: what one file under `config/models` may hold. What is inherited need not be repeated. */
export function modelFileSchema(): JsonSchema {
  const { $schema, ...body } = completeModelSchema;
  const partial = withoutRequired(body as JsonSchema);
  const properties = {
    extends: { type: 'string', description: 'Another file, relative to this one.' },
    ...partial.properties,
  };
  return { $schema, title: 'hone model file', ...partial, properties, required: ['model'] } as JsonSchema;
}

/** Records lose `required` (it may come from `extends`); records inside lists keep it, because lists are never merged. */
function withoutRequired(schema: JsonSchema): JsonSchema {
  const alternatives = (list: readonly JsonSchema[] | undefined) => list?.map(withoutRequired);
  const { required: _, anyOf, oneOf, properties, ...rest } = schema;
  return {
    ...rest,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, withoutRequired(v)])),
    }),
    ...(anyOf && { anyOf: alternatives(anyOf) }),
    ...(oneOf && { anyOf: alternatives(oneOf) }),
  } as JsonSchema;
}

/** Schemas that may describe the value at a path: several where the value is one of several kinds. */
export function schemasAt(root: JsonSchema, path: Path): JsonSchema[] {
  let here = alternatives(root);
  for (const part of path) here = here.flatMap((schema) => child(schema, part)).flatMap(alternatives);
  return here;
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return inner.length === 0 ? [schema] : inner.flatMap(alternatives);
}

function child(schema: JsonSchema, part: string | number): JsonSchema[] {
  if (typeof part === 'number') {
    const item = schema.prefixItems?.[part] ?? schema.items;
    return typeof item === 'object' ? [item] : [];
  }
  const named = schema.properties && Object.hasOwn(schema.properties, part) ? schema.properties[part] : undefined;
  const any = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  return named !== undefined ? [named] : any !== undefined ? [any] : [];
}

/** Keys that a record at this path may have. */
export function keysAt(root: JsonSchema, path: Path): string[] {
  const keys = schemasAt(root, path).flatMap((schema) => [
    ...Object.keys(schema.properties ?? {}),
    ...(schema.propertyNames?.enum ?? []).map(String),
  ]);
  return [...new Set(keys)];
}

/** Where else in the schema a key of this name exists: for a setting written at the wrong level. */
export function placesOfKey(root: JsonSchema, key: string, path: Path = []): Path[] {
  return alternatives(root).flatMap((schema) =>
    Object.entries(schema.properties ?? {}).flatMap(([name, value]) => [
      ...(name === key ? [path] : []),
      ...placesOfKey(value, key, [...path, name]),
    ]),
  );
}
