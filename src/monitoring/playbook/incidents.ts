/** Incidents: one document a change, so that the same trouble is told once when it opens, changes and ends. */
import { findDocument, putFirst, sha256Of } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { type Alert, type IncidentChange, incidentChange } from '../contract.ts';
import { overSentence } from './alert-sentences.ts';

/** Text of an instant as it may stand in a key: without colons. */
export function instantKey(asOf: string): string {
  return asOf.replaceAll(':', '');
}

function folder(model: string): string {
  return `models/${model}/monitoring/incidents/`;
}

/** Incidents that were open just before `asOf`, by key: a tick run twice sees what it saw the first time. */
export async function openIncidents(
  store: ObjectStore,
  model: string,
  asOf: string,
): Promise<Map<string, IncidentChange>> {
  const last = new Map<string, string>();
  for await (const key of store.list(folder(model))) {
    const [incident, file] = key.slice(folder(model).length).split('/');
    if (incident !== undefined && file !== undefined && file < `${instantKey(asOf)}.json`) last.set(incident, key);
  }
  const open = new Map<string, IncidentChange>();
  for (const key of last.values()) {
    const change = await findDocument(store, key, incidentChange);
    if (change !== undefined && change.status !== 'resolved') open.set(change.incident, change);
  }
  return open;
}

/**
 * What is news: opened, changed in severity, joined by another column, or over. Pure.
 *
 * @param judged incidents that this tick could judge: what it could not see is neither open nor over
 */
export function reconcile(
  open: ReadonlyMap<string, IncidentChange>,
  alerts: readonly Alert[],
  asOf: string,
  judged: (incident: string) => boolean = () => true,
): IncidentChange[] {
  const changes: IncidentChange[] = [];
  for (const alert of alerts) {
    const before = open.get(alert.incident);
    if (before === undefined) changes.push({ ...alert, status: 'opened', as_of: asOf, opened_at: asOf });
    else if (before.severity !== alert.severity || alert.subjects.some((one) => !before.subjects.includes(one))) {
      // One that left is no news while others stay; kept, so that it is none either when it comes back.
      const subjects = [...new Set([...before.subjects, ...alert.subjects])].sort();
      changes.push({ ...alert, subjects, status: 'updated', as_of: asOf, opened_at: before.opened_at });
    }
  }
  const now = new Set(alerts.map(({ incident }) => incident));
  for (const before of open.values()) {
    if (now.has(before.incident) || !judged(before.incident)) continue;
    const sentence = overSentence(before.sentence, before.opened_at, asOf);
    changes.push({ ...before, severity: 'info', sentence, status: 'resolved', as_of: asOf });
  }
  return changes;
}

export async function recordIncidents(
  store: ObjectStore,
  model: string,
  changes: readonly IncidentChange[],
): Promise<void> {
  for (const change of changes) {
    const key = `${folder(model)}${safeSegment(change.incident)}/${instantKey(change.as_of)}.json`;
    await putFirst(store, key, incidentChange, change);
  }
}

/** Column names may hold anything; keys may not. */
function safeSegment(incident: string): string {
  const safe = incident.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 120);
  return safe === incident ? safe : `${safe}-${sha256Of(incident).slice(0, 8)}`;
}
