/** Why there is no Python environment for a trainer. */
import { type ExitCode, HoneError } from '../errors.ts';

/** No interpreter that is new enough. Nothing downloads one: that would come from outside the package registries. */
export class PythonMissing extends HoneError {
  readonly code = 'HONE_PYTHON_MISSING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 69;

  constructor(tried: string, oldest: string) {
    super(
      `No Python ${oldest} or newer was found: ${tried}. Nothing was trained and the champion stays live. ` +
        `Install Python ${oldest} or newer with its venv module, or set HONE_PYTHON to an interpreter; \`hone doctor\` checks it.`,
    );
  }
}

/** The packages could not be installed; often the registry was out of reach. */
export class PythonEnvironmentFailed extends HoneError {
  readonly code = 'HONE_PYTHON_ENVIRONMENT_FAILED';
  readonly retryable = true;
  override readonly exitCode: ExitCode = 69;

  constructor(requirements: string, tool: string, problem: string) {
    super(
      `The Python environment of ${requirements} could not be built with ${tool}: ${problem}. ` +
        'Nothing was trained and the champion stays live. Check that the package registry can be reached and that the requirements file is unchanged, then try again.',
    );
  }
}
