/** What a check across fields is: pure, over a model that the schema has accepted. */
import type { HoneConfig } from '../hone.ts';
import type { ModelConfig } from '../model.ts';
import type { Path } from '../problems.ts';

export interface Complaint {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
}

/** @param hone undefined where `config/hone.yaml` itself is not valid: checks that need it stay silent */
export type Check = (config: ModelConfig, hone: HoneConfig | undefined) => Complaint[];
