/** Which outcomes and states are good, bad or waiting. */
import type { Tone } from './table.ts';

export function outcomeTone(outcome: string): Tone {
  if (outcome === 'promoted') return 'good';
  if (outcome === 'failed' || outcome === 'rolled_back') return 'bad';
  if (outcome === 'merged' || outcome === 'skipped' || outcome === 'superseded' || outcome === 'cancelled')
    return 'plain';
  return 'warn';
}

export function findingTone(state: string): Tone {
  if (state === 'stable') return 'good';
  if (state === 'broken' || state === 'moved') return 'bad';
  return state === 'seen' ? 'warn' : 'plain';
}

export function severityTone(severity: string): Tone {
  if (severity === 'page') return 'bad';
  return severity === 'warn' ? 'warn' : 'plain';
}

export function versionTone(status: string): Tone {
  if (status === 'production') return 'good';
  return status === 'rejected' ? 'bad' : status === 'staging' ? 'live' : 'plain';
}
