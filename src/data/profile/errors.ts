/** What can keep `hone model init` from writing a model file. Nothing was written in any of these cases. */
import { type ExitCode, HoneError } from '../../errors.ts';

export type AskedRole = 'label' | 'id' | 'time';

const MEANING: Record<AskedRole, string> = {
  label: 'the label, which is what the model learns to predict',
  id: 'the id, which is unique and joins predictions to their labels',
  time: 'the event time, which is when a prediction would have been made',
};

/** Several columns could have a role, and guessing wrong would make a model of the wrong thing. */
export class RoleUnclear extends HoneError {
  readonly code = 'HONE_ROLE_UNCLEAR';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  readonly role: AskedRole;
  readonly options: readonly string[];

  constructor(role: AskedRole, options: readonly string[]) {
    const shown = options.slice(0, 20).map((name) => JSON.stringify(name));
    const more = options.length > shown.length ? `, … (${options.length} in all)` : '';
    super(
      `Which column is ${MEANING[role]}? It could be ${shown.join(', ')}${more}. Nothing was written. ` +
        `Say it with --${role} <column>.`,
    );
    this.role = role;
    this.options = options;
  }
}

/** The data lacks something that every model needs. */
export class DataUnsuitable extends HoneError {
  readonly code = 'HONE_DATA_UNSUITABLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(problem: string, cure: string) {
    super(`No model can be made of this data as it is: ${problem}. Nothing was written. ${cure}`);
  }
}
