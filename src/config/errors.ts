/** What can go wrong with a workspace's configuration. Nothing has been started or changed when these are raised. */
import { type ExitCode, HoneError } from '../errors.ts';
import { type Problem, showProblem } from './problems.ts';

/** Configuration files have problems; `problems` lists all of them, with file, line and column. */
export class ConfigInvalid extends HoneError {
  readonly code = 'HONE_CONFIG_INVALID';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const files = new Set(problems.map((problem) => problem.file)).size;
    super(
      `${count(problems.length, 'problem')} in ${count(files, 'configuration file')}:\n` +
        `${problems.map(showProblem).join('\n')}\n` +
        'Nothing was started or changed. Mend these lines, then run `hone config validate`.',
    );
    this.problems = problems;
  }
}

/** There is no `config/hone.yaml` from here upwards. */
export class WorkspaceMissing extends HoneError {
  readonly code = 'HONE_WORKSPACE_MISSING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(dir: string) {
    super(
      `There is no config/hone.yaml in ${dir} or a folder above it, so this is not a hone workspace. ` +
        'Go to the folder of your clone, or name it with --dir <workspace>.',
    );
  }
}

/** A name that no file under `config/models` has. */
export class ModelUnknown extends HoneError {
  readonly code = 'HONE_MODEL_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(name: string, known: readonly string[], nearest: string | undefined) {
    const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
    const list = known.length === 0 ? 'There are no models yet' : `Known models: ${known.join(', ')}`;
    super(`There is no model ${JSON.stringify(name)} under config/models.${hint} ${list}.`);
  }
}

/** `config explain` was asked for a path that the model file does not have. */
export class KeyUnknown extends HoneError {
  readonly code = 'HONE_CONFIG_KEY_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(key: string, file: string, nearest: string | undefined) {
    const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
    super(
      `${file} has no value at ${JSON.stringify(key)}.${hint} Without a path, \`hone config explain\` shows them all.`,
    );
  }
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
