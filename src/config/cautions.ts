/** What a valid configuration may still lead to. Told when it is checked and to whoever approves; nothing is refused. */
import type { Check, Complaint } from './checks/check.ts';
import { rollBackHasScores } from './checks/policy.ts';
import { rollingWindowHoldsTheSeason } from './checks/windows.ts';
import type { LoadedModel } from './load.ts';
import type { ModelConfig } from './model.ts';
import { type Problem, showPath } from './problems.ts';

const CAUTIONS: readonly Check[] = [rollingWindowHoldsTheSeason, rollBackHasScores];

export function cautionsOf(config: ModelConfig): Complaint[] {
  return CAUTIONS.flatMap((check) => check(config, undefined));
}

/** The same, each at the line that set the value. */
export function placedCautions({ config, file, origins }: LoadedModel): Problem[] {
  return cautionsOf(config).map(({ path, ...rest }) => {
    const shown = showPath(path);
    return { ...(origins.get(shown)?.at ?? { file, line: 1, column: 1 }), path: shown, ...rest };
  });
}

/** For a page that shows no lines. */
export function cautionSentence({ path, message, hint }: Complaint): string {
  return `${showPath(path)}: ${message}.${hint === undefined ? '' : ` To change it, ${hint}.`}`;
}
