// Writes docs/reference/errors.md from the HoneError classes of src/. `--check` changes nothing and ends with 1 when the
// page is stale. Reads the sources as text: classes are written in one shape, and one that is not is an error here.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs', 'reference', 'errors.md');

/** Codes that two classes carry on purpose, because whoever reads the code does the same for both. */
const SHARED = ['HONE_GUARDRAIL'];
/** Codes that are no class: made where an error of another kind is told. */
const WITHOUT_CLASS = [
  {
    code: 'HONE_UNEXPECTED',
    where: 'src/cli/errors.ts',
    retryable: 'no',
    exit: 1,
    means: 'An error that hone did not foresee: a fault of hone, told with its stack.',
  },
  {
    code: 'HONE_RUN_FAILED',
    where: 'src/workflows/retraining.ts',
    retryable: 'no',
    exit: null,
    means: 'How Temporal shows a run that ended `failed`; the cause is in its message, everything was undone.',
  },
];

/** `{file, name, parent, abstract, doc, body}` of each class in the sources. */
function classesOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  const shape = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?export (abstract )?class (\w+) extends (\w+) \{([\s\S]*?)\n\}/g;
  return [...text.matchAll(shape)].map(([, comment, abstract, name, parent, body]) => {
    const doc = comment?.replace(/^\/\*\*|\*\/\s*$/g, '').replace(/^\s*\* ?/gm, ' ').replace(/\s+/g, ' ').trim();
    return { file, name, parent, abstract: abstract !== undefined, doc, body };
  });
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file.replaceAll('\\', '/')}`)
  .sort();
const all = new Map(files.flatMap(classesOf).map((one) => [one.name, one]));

/** The class and those it extends, up to HoneError; undefined where it is no HoneError. */
function ancestry(one) {
  if (one.parent === 'HoneError') return [one];
  const parent = all.get(one.parent);
  const above = parent && ancestry(parent);
  return above && [one, ...above];
}

/** The nearest declaration of a property, from the class upwards: `readonly code = 'HONE_X'`. */
function declared(line, property, value) {
  const shape = new RegExp(`\\b(?:override )?readonly ${property}\\b(?:: [^=;]+)?(?: = (${value}))?;`);
  for (const { body } of line) {
    const found = shape.exec(body);
    if (found) return found[1] ?? 'depends';
  }
  return undefined;
}

function rowOf(one) {
  const line = ancestry(one);
  if (line === undefined || one.abstract) return [];
  const code = declared(line, 'code', "'HONE_[A-Z0-9_]+'")?.replaceAll("'", '');
  const retryable = declared(line, 'retryable', 'true|false');
  if (!code || !retryable || code === 'depends') {
    throw new Error(`${one.file}: ${one.name} names no code or does not say whether it is retryable`);
  }
  const exit = Number(declared(line, 'exitCode', '\\d+') ?? 1);
  if (one.doc === undefined) throw new Error(`${one.file}: ${one.name} has no docstring to say when it happens`);
  const answer = { true: 'yes', false: 'no', depends: 'depends' }[retryable];
  return [{ code, name: one.name, where: one.file, retryable: answer, exit, means: firstSentence(one.doc) }];
}

/** Up to the first full stop that ends a sentence. */
function firstSentence(doc) {
  return /^.*?[.](?=\s|$)/.exec(doc)?.[0] ?? doc;
}

const rows = [
  ...[...all.values()].flatMap(rowOf),
  ...WITHOUT_CLASS.map((one) => ({ ...one, name: 'no class' })),
].sort((a, b) => a.code.localeCompare(b.code) || a.name.localeCompare(b.name));

const twice = rows.filter(({ code }, i) => rows[i - 1]?.code === code && !SHARED.includes(code));
if (twice.length > 0) throw new Error(`One code, two meanings: ${twice.map(({ code }) => code).join(', ')}`);

const cell = (text) => text.replaceAll('|', '\\|');
const table = rows.map(
  ({ code, name, where, retryable, exit, means }) =>
    `| \`${code}\` | [${name}](../../${where}) | ${retryable} | ${exit ?? '-'} | ${cell(means)} |`,
);
const text = `<!-- Written by \`npm run docs:errors\` from src/**/errors.ts. Do not edit. -->
# Errors

Every refusal that hone makes on purpose has a stable code. The command line prints the message on stderr and, with
\`--json\`, \`{"error": {"code", "message", "retryable"}}\` on stdout; the prediction server answers with the same three
and, where it applies, the \`path\` of the field; a failed activity carries the code as its type in Temporal.

*Retry* says whether the same call may succeed later: activities with such an error are tried again by themselves.
*Exit* is the exit code of a command that ends with it; [the list of exit codes](../cli.md) says what each means.

| code | class | retry | exit | means |
| --- | --- | --- | --- | --- |
${table.join('\n')}

${SHARED.map((code) => `\`${code}\` is shared on purpose: whichever class it comes from, a rollout is taken back.`).join('\n')}
`;

if (process.argv.includes('--check')) {
  let standing = '';
  try {
    standing = readFileSync(page, 'utf8');
  } catch {
    // said below
  }
  if (standing !== text) {
    process.stderr.write('docs/reference/errors.md is stale. Run `npm run docs:errors` and commit it.\n');
    process.exit(1);
  }
} else {
  writeFileSync(page, text);
}
