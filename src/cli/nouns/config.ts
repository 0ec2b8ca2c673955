/** `hone config`: validate, explain, schema read files only; apply is beside this file. */
import type { Command } from 'commander';
import { placedCautions } from '../../config/cautions.ts';
import { type Explained, explain, shippedSettings } from '../../config/explain.ts';
import { honeSchema, modelFileSchema } from '../../config/json-schema.ts';
import { modelOf, type Workspace } from '../../config/load.ts';
import { showProblem, tidy } from '../../config/problems.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { wrap } from '../run-text.ts';
import { table } from '../table.ts';
import { registerApply } from './config-apply.ts';

export function register(program: Command, context: CliContext): void {
  const noun = program.command('config').description('the configuration files: check them, explain them');
  withExamples(noun, [
    ['config validate', 'every problem of every file, with line and nearest key'],
    ['config explain flights-delay gate', 'each effective value and the line that set it'],
  ]);
  const validateCommand = noun.command('validate').description('check every file; all problems at once');
  withExamples(validateCommand, [['config validate --json', 'for an editor or CI']]).action(() => validate(context));

  const explainCommand = noun
    .command('explain [model] [path]')
    .description('effective values and where each was set; a path such as gate.champion narrows it');
  withExamples(explainCommand, [
    ['config explain flights-delay', 'all values'],
    ['config explain flights-delay deploy.canary', 'those of the canary'],
  ]).action((model: string | undefined, path: string | undefined) => showExplained(context, model, path));

  const schemaCommand = noun
    .command('schema [file]')
    .description('JSON Schema for editors: "model" (default) or "hone"');
  withExamples(schemaCommand, [['config schema > model.schema.json', 'for the YAML plug-in of your editor']]).action(
    (file: string = 'model') => schema(context, file),
  );
  registerApply(noun, context);
}

async function validate(context: CliContext): Promise<void> {
  const { models, dir } = await context.workspace();
  const { requireMetricsThatBind } = await import('../../evaluation/custom-metric-check.ts');
  await requireMetricsThatBind(models.values());
  const found = [...models.values()].map((loaded) => {
    const shipped = shippedSettings(loaded);
    return { model: loaded.config.model, file: loaded.file, ...(shipped.length > 0 ? { shipped } : {}) };
  });
  const warnings = tidy([...models.values()].flatMap(placedCautions));
  context.show({ ok: true, models: found, warnings }, () => {
    const names = found.map(({ model, file }) => `  ${model}  ${file}`).join('\n');
    const head = `${context.colors.green('Valid.')} ${found.length} ${found.length === 1 ? 'model' : 'models'} in ${dir}/config:`;
    if (found.length === 0) return `Valid, but there is no model under ${dir}/config/models yet.`;
    const told = warnings.length === 0 ? '' : `\n\nWarnings:\n${warnings.map(showProblem).join('\n')}`;
    return `${head}\n${names}${found.map(shippedText).join('')}${told}`;
  });
}

/** After an upgrade: which settings are new to the files of a workspace. */
function shippedText({ model, shipped = [] }: { model: string; shipped?: readonly string[] }): string {
  const [one] = shipped;
  if (one === undefined) return '';
  const named = shipped.slice(0, 3).join(', ');
  const more = shipped.length > 3 ? ` and ${shipped.length - 3} more` : '';
  const told = `${model}: no file names ${named}${more}; as hone ships ${shipped.length === 1 ? 'it' : 'them'}.`;
  return `\n\n${wrap(told).join('\n')}\nLook: hone config explain ${model} ${one}`;
}

async function showExplained(context: CliContext, name: string | undefined, path: string | undefined): Promise<void> {
  const workspace = await context.workspace();
  const model = modelOf(workspace, name ?? onlyModel(workspace));
  const rows = explain(model, path);
  context.show({ model: model.config.model, values: rows }, () => explainedText(rows));
}

export function explainedText(rows: readonly Explained[]): string {
  const cells = rows.map(({ path, value, file, line }) => [
    path,
    valueText(value),
    `${file.replace('config/', '')}:${line}`,
  ]);
  const list = table(['VALUE', 'IS', 'SET IN config/'], cells);
  return rows.some(({ shipped }) => shipped)
    ? `${list}\n\n<hone> is what came with this hone: no file here names these settings.`
    : list;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value).replaceAll(',', ', ');
}

function onlyModel({ models }: Workspace): string {
  const [name, ...others] = models.keys();
  if (name !== undefined && others.length === 0) return name;
  throw new UsageError(`Which model? One of: ${[...models.keys()].join(', ') || 'none are configured yet'}.`);
}

function schema(context: CliContext, file: string): void {
  const found = file === 'model' ? modelFileSchema() : file === 'hone' ? honeSchema : undefined;
  if (found === undefined) throw new UsageError(`There is no schema ${JSON.stringify(file)}; write model or hone.`);
  context.show(found, () => JSON.stringify(found, null, 2));
}
