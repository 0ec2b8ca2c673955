/** docs/reference/http.md: every address of a prediction server, from the OpenAPI document that it publishes. */
import { buildApp, type NodeParts } from '../../src/serving/app.ts';
import { cell } from './markdown.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}
type Content = { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
interface Operation {
  readonly summary: string;
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

/** Only what addresses are made of; nothing is asked of the server but its document. */
const parts = {
  services: new Map(),
  draining: () => false,
  staged: { set: () => undefined },
  health: { request: () => undefined },
  metrics: { request: () => undefined },
};

export async function httpPage(): Promise<string> {
  const app = await buildApp(parts as unknown as NodeParts);
  const document = (await app.inject('/openapi.json')).json<{ paths: Record<string, Record<string, Operation>> }>();
  await app.close();
  const sections = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method.toUpperCase(), path, operation)),
  );
  return `# HTTP

Every address of a prediction server, from the OpenAPI document that a running one publishes at \`GET /openapi.json\`. What the
fields mean: [predictions, labels and business figures](../contracts/prediction-api.md). Who may ask what:
[tokens](../how-to/serve-predictions.md#tokens). A refusal, 4xx or 5xx, is \`{"error": {"code", "message", "path"?, "retryable"}}\`
with a [code](errors.md); the Open Inference addresses (\`/v2\`) answer \`{"error": "…"}\`, as that protocol says. A field with \`?\` may be left out; \`[]\` stands for each element of a list.

${sections.join('\n\n')}
`;
}

function section(method: string, path: string, { summary, requestBody, responses }: Operation): string {
  const asked = schemaOf(requestBody);
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([status, content]) => [status, schemaOf(content)] as const);
  const rows = [
    ...(asked ? fields(asked).map(([name, type]) => ['asked', name, type]) : []),
    ...answers.flatMap(([status, schema]) =>
      (schema ? fields(schema) : []).map(([name, type]) => [status, name, type]),
    ),
  ].map(([where = '', name = '', type = '']) => `| ${where} | \`${name}\` | ${cell(type)} |`);
  const table = rows.length > 0 ? `\n\n| | field | value |\n| --- | --- | --- |\n${rows.join('\n')}` : '';
  return `## ${method} ${path}\n\n${summary}.${table}`;
}

function schemaOf(content: Content | undefined): Schema | undefined {
  return Object.values(content?.content ?? {})[0]?.schema;
}

function fields(schema: Schema, path = ''): [name: string, type: string][] {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (inner.length > 0 && inner.some((one) => one.properties))
    return [...new Map(inner.flatMap((one) => fields(one, path))).entries()];
  if (schema.items && (schema.items.properties || schema.items.anyOf)) return fields(schema.items, `${path}[]`);
  if (schema.properties)
    return Object.entries(schema.properties).flatMap(([key, value]) => {
      const name = `${path === '' ? '' : `${path}.`}${key}`;
      const below = fields(value, name);
      return below.length === 1 && below[0]?.[0] === name
        ? [[`${name}${schema.required?.includes(key) ? '' : '?'}`, kind(value)] as [string, string]]
        : below;
    });
  return [[path, kind(schema)]];
}

function kind(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${String(one)}\``).join(', ');
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (inner.length > 0) return [...new Set(inner.map(kind))].join(' or ');
  if (schema.items) return `list of ${kind(schema.items)}`;
  return [schema.type ?? 'any value'].flat().join(' or ');
}
