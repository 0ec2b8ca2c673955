import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelConfig } from '../../../src/config/model.ts';
import { project } from '../surroundings.ts';
import { FLIGHTS } from './fixtures/twin-sets.ts';
import { testTwins } from './fixtures/twin-tests.ts';

/** The search for leaks takes half of the time and has tests of its own; the full run leaves it on. */
function withoutLeakSearch({ data }: ModelConfig): void {
  const off = { label_copy: 'off', predicts_label: 'off', outcome_copy: 'off' } as const;
  data.checks = { ...data.checks, ...off, shared_rows: 'off', newer_than_event: 'off' };
}

const page = readFileSync(join(project, 'docs/reference/validation-rules.md'), 'utf8');
testTwins(FLIGHTS, withoutLeakSearch, page);
