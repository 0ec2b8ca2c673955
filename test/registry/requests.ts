/** Requests to a ledger with everything filled in that a test does not care about. */
import type { AppendRequest, Step } from '../../src/registry/ledger.ts';

export const AS_OF = '2013-04-10T00:00:00.000Z';
export const DIGEST = 'a'.repeat(64);

export function request(effectId: string, step: Step, more: Partial<AppendRequest> = {}): AppendRequest {
  return { effectId, as_of: AS_OF, actor: 'a test', trust: 'system', why: 'to see what happens', step, ...more };
}

/** Registers whatever version is next: a change that never refuses and that depends on the newest state. */
export function registration(effectId: string): AppendRequest {
  return request(effectId, (state) => ({
    change: { kind: 'version_registered', version: state.nextVersion, run: null, manifest: DIGEST },
    state: { ...state, nextVersion: state.nextVersion + 1 },
  }));
}
