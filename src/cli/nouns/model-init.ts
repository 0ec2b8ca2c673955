/** `hone model init`: looks at data and writes a model file that validates, with its guesses explained. */
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { ConfigInvalid } from '../../config/errors.ts';
import { loadWorkspace, MODELS_FOLDER, type Workspace } from '../../config/load.ts';
import { slug } from '../../config/values.ts';
import { RoleUnclear } from '../../data/profile/errors.ts';
import type { Given } from '../../data/profile/roles-contract.ts';
import { count } from '../../numbers.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import type { ModelFacts } from '../init/model-file.ts';
import { withProgress } from '../progress.ts';
import { facts, plainText } from '../table.ts';

interface InitOptions extends Given {
  readonly from: string;
  readonly force?: true;
}

export function registerInit(noun: Command, context: CliContext): void {
  withExamples(
    noun
      .command('init <name>')
      .description('look at data and write config/models/<name>.yaml: roles, rules and gate guessed and explained')
      .requiredOption('--from <data>', 'a Parquet, CSV or JSON lines file, a glob or a folder')
      .option('--label <column>', 'what to predict')
      .option('--id <column>', 'unique on every row')
      .option('--time <column>', 'when the event happened')
      .option('--force', 'replace the file where it exists'),
    [
      ['model init churn --from data/customers.parquet', 'asks where several columns could be it'],
      ['model init churn --from "data/*.csv" --label churned', 'the label is known'],
    ],
  ).action((name: string, options: InitOptions) => init(context, name, options));
}

async function init(context: CliContext, name: string, options: InitOptions): Promise<void> {
  const checked = slug.safeParse(name);
  if (!checked.success)
    throw new UsageError(`${JSON.stringify(name)} is no name of a model: ${checked.error.issues[0]?.message}.`);
  const workspace = await context.workspace();
  const file = `${MODELS_FOLDER}/${name}.yaml`;
  const [owner] = Object.keys(workspace.hone.groups);
  if (owner === undefined)
    throw new UsageError('config/hone.yaml names no group of people, so nobody could approve. Add one under groups.');
  if (!options.force) await refuseExisting(workspace, name, file);

  const found = await look(context, workspace, options);
  const { modelFile } = await import('../init/model-file.ts');
  const made: ModelFacts = { ...found, model: name, owner };
  await writeValid(workspace, file, modelFile(made));
  const document = documentOf(made, file);
  const age = (context.terminal.now().getTime() - Date.parse(found.to)) / 86_400_000;
  context.show(document, () => initText(made, file, age));
}

async function refuseExisting(workspace: Workspace, name: string, file: string): Promise<void> {
  const there = workspace.models.get(name)?.file ?? file;
  const exists = await access(join(workspace.dir, there)).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new UsageError(`${there} is there already. Nothing was written. Use another name, or --force to replace it.`);
}

/** Profile and roles; on a terminal, what is unclear is asked, one role after the other. */
async function look(
  context: CliContext,
  workspace: Workspace,
  options: InitOptions,
): Promise<Omit<ModelFacts, 'model' | 'owner'>> {
  const { profileFiles } = await import('../../data/profile/read-files.ts');
  const { guessRoles } = await import('../../data/profile/roles.ts');
  const { spanOf } = await import('../../data/profile/time-roles.ts');
  const { splitFor } = await import('../init/split.ts');
  const { inScratch } = await import('../scratch.ts');
  const path = options.from;
  const base = context.terminal.cwd;
  return await withProgress(context, `looking at ${path}`, (tell) =>
    inScratch(({ workDir, signal }) =>
      profileFiles({ path, base, workDir, signal }, async (db, { source, profile, format }) => {
        let given: Given = options;
        for (;;) {
          try {
            const roles = await guessRoles(db, source, profile, given);
            const [from, to] = await spanOf(db, source, roles.time.column);
            const split = splitFor({
              ...{ rows: profile.rows, from, to },
              label: roles.label,
              labelTime: roles.labelTime,
            });
            return {
              roles,
              profile,
              split,
              from,
              to,
              source: { type: format, path: pathFrom(workspace.dir, base, path) },
            };
          } catch (error) {
            if (!(error instanceof RoleUnclear) || !context.terminal.ask) throw error;
            tell(null);
            given = { ...given, [error.role]: await choose(context, error) };
            tell(`looking at ${path}`);
          }
        }
      }),
    ),
  );
}

async function choose({ terminal }: CliContext, { role, options }: RoleUnclear): Promise<string> {
  const shown = options.map((name, i) => `  ${i + 1}  ${plainText(name)}`).join('\n');
  const answer = (await terminal.ask?.(`Which column is the ${role}?\n${shown}\nNumber or name: `))?.trim() ?? '';
  const chosen = options[Number(answer) - 1] ?? options.find((name) => name === answer);
  if (chosen === undefined) throw new UsageError(`${JSON.stringify(answer)} is none of them. Nothing was written.`);
  return chosen;
}

/** As the model file says it: from the workspace where the data lies in it, else in full. */
function pathFrom(workspace: string, cwd: string, path: string): string {
  const full = resolve(cwd, path);
  const inside = relative(workspace, full);
  return inside.startsWith('..') || isAbsolute(inside) ? full : inside.split(sep).join('/');
}

/** Writes the file, loads the whole workspace with it, and takes it back where that is not valid. */
async function writeValid(workspace: Workspace, file: string, text: string): Promise<void> {
  const path = join(workspace.dir, file);
  const before = await readFile(path).catch(() => null);
  await writeFile(path, text);
  try {
    await loadWorkspace(workspace.dir);
  } catch (error) {
    if (before === null) await rm(path, { force: true });
    else await writeFile(path, before);
    if (!(error instanceof ConfigInvalid)) throw error;
    const problems = error.problems
      .slice(0, 5)
      .map(({ path: at, message }) => `${at}: ${message}`)
      .join('; ');
    throw new Error(`the file that was made of this data is not valid, and was not kept: ${problems}`, {
      cause: error,
    });
  }
}

function documentOf({ model, roles, profile, split, from, to, source }: ModelFacts, file: string) {
  return { model, file, source, rows: profile.rows, from, to, roles, split, columns: profile.columns };
}

export function initText(
  { model, roles, profile, split, from, to, source }: ModelFacts,
  file: string,
  ageDays: number,
): string {
  const { id, time, label, labelTime, entity, outcomes, numbers, categories, leftOut } = roles;
  const several = (some: readonly { column: string }[]) => some.map(({ column }) => column).join(', ') || 'none';
  const one = (chosen: { column: string; why: string } | null, none: string) =>
    chosen === null ? `none: ${none}` : `${chosen.column}: ${chosen.why}`;
  const holdout = Number(split.holdout.slice(1, -1));
  const old =
    ageDays > holdout / 2
      ? `\n\nThe newest event is ${Math.round(ageDays)} days old. A run counts its windows back from now, and would find too few rows:\nbring newer ones, or replay the past on a logical clock (docs/how-to/bring-your-own-data.md).`
      : '';
  return [
    `Wrote ${file} from ${count(profile.rows)} rows, ${from.slice(0, 10)} to ${to.slice(0, 10)}.`,
    facts([
      ['Label', one(label, '')],
      ['Event time', one(time, '')],
      ['Id', one(id, '')],
      ['Label time', one(labelTime, 'no column says when the label was known')],
      ['Entity', one(entity, 'nothing comes back')],
      ...outcomes.map((outcome): [string, string] => ['Outcome', one(outcome, '')]),
      ['Numbers', several(numbers)],
      ['Categories', several(categories)],
      ['Left out', several(leftOut)],
      ['Judged on', `${split.holdout}, about ${count(split.judged)} labelled rows`],
      ['Approval', 'always a person; every trigger is off'],
    ]),
    [
      'Read the file, then:',
      `  hone validate ${model} --data ${quoted(source.path)}`,
      `  hone model plan ${model}`,
      '  hone up',
      `  hone run start ${model} --wait${old}`,
    ].join('\n'),
  ].join('\n\n');
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${plainText(path).replaceAll("'", "'\\''")}'`;
}
