/** One look at a model in production: what was found, what is news, and what should be done about it. */
import type { ModelConfig } from '../config/model.ts';
import { referenceProfile } from '../drift/contract.ts';
import { type LedgerState, type VersionManifest, versionManifest } from '../registry/contract.ts';
import { manifestKey } from '../registry/keys.ts';
import type { NodeRecord } from '../serving/contract.ts';
import { findDocument, getByDigest, getDocument, putFirst } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { checkSeries } from './checks/series-check.ts';
import { checkService } from './checks/service-check.ts';
import { checkSkew } from './checks/skew-check.ts';
import { type Finding, type Holdout, type TickAction, type TickReport, tickReport } from './contract.ts';
import { type Observation, observe } from './observe.ts';
import { shiftBehind, watchedUntil } from './playbook/after-shift.ts';
import { instantKey, openIncidents, reconcile, recordIncidents } from './playbook/incidents.ts';
import { type Plan, plan } from './playbook/playbook.ts';

export interface TickRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly state: LedgerState;
  readonly asOf: string;
  /** The champion's figures on its own clean holdout; null: skill is not judged. */
  readonly holdout: Holdout | null;
  /** Records of the prediction servers of this model, and the observer's own time. */
  readonly servers?: { readonly records: readonly NodeRecord[]; readonly now: string };
  readonly cacheDir: string;
  readonly workDir: string;
}

/**
 * Looks at log and labels as they were known at `asOf`. Windows are computed afresh, so nothing hidden decides; evidence
 * from before the champion's promotion is dropped. A tick of the same `asOf` again, or at once, returns the first one's report.
 *
 * @throws ObjectCorrupt, ObjectMissing for a damaged store; StoreUnreachable
 */
export async function tick(request: TickRequest): Promise<TickReport> {
  const { store, config, state } = request;
  const asOf = new Date(request.asOf).toISOString();
  const key = `models/${config.model}/monitoring/ticks/${instantKey(asOf)}.json`;
  const earlier = await findDocument(store, key, tickReport);
  if (earlier !== undefined) return earlier;

  const champion = state.aliases.champion?.version ?? null;
  if (champion === null) return putFirst(store, key, tickReport, emptyReport(config.model, asOf));
  const open = await openIncidents(store, config.model, asOf);
  const healthy = ![...open.keys()].some((incident) => /^(input|skew)-/.test(incident));
  const promotedAt = state.budgets.promoted_at;
  const manifest = await getDocument(store, manifestKey(config.model, champion), versionManifest);
  const watched = Date.parse(asOf) <= watchedUntil(config, promotedAt);
  const shift = watched ? await shiftBehind(store, manifest) : null;
  const seen = await observe({
    ...request,
    asOf,
    champion,
    training: await trainingReference(store, manifest),
    importance: manifest.importance,
    after: shift === null ? undefined : { shift, fitEnd: manifest.fit_end },
    promotedAt,
    healthy,
  });
  const series = await checkSeries({ ...request, asOf });
  const { records = [], now = asOf } = request.servers ?? {};
  const service = checkService(records, config.monitoring.service, now);
  const skew = await checkSkew({ ...request, asOf });
  const findings = [...seen.findings, ...skew, ...(series?.findings ?? []), ...service.findings];
  const planned = plan({ config, findings, acting: seen.acting });
  const changes = reconcile(open, planned.alerts, asOf, (incident) => couldJudge(incident, findings, seen));
  await recordIncidents(store, config.model, changes);

  const closed = new Set(changes.filter(({ status }) => status === 'resolved').map(({ incident }) => incident));
  const alerts = changes.map(({ incident, severity, sentence, status }): TickAction => {
    return { kind: 'alert', incident, severity, sentence, status };
  });
  const stillOpen = [...open.keys(), ...planned.alerts.map(({ incident }) => incident)].filter(
    (one) => !closed.has(one),
  );
  return putFirst(store, key, tickReport, {
    contract: 1,
    model: config.model,
    as_of: asOf,
    champion,
    promoted_at: promotedAt,
    holdout: request.holdout,
    findings,
    actions: [...planned.triggers, ...alerts, ...planned.notes],
    open_incidents: [...new Set(stillOpen)].sort(),
    drift: seen.drift,
    drift_verdict: seen.drift?.dataset.verdict ?? 'not_judged',
    ...(seen.drift === null ? {} : { pictures: { ...seen.pictures } }),
    performance: [...seen.performance],
    ...(series === null ? {} : { business: [...series.reports] }),
    ...(service.nodes.length === 0 ? {} : { service: [...service.nodes] }),
    sentence: headline(planned, findings, seen),
  });
}

async function trainingReference(store: ObjectStore, manifest: VersionManifest) {
  if (manifest.reference_profile === null) return null;
  return getByDigest(store, 'profiles', manifest.reference_profile, referenceProfile);
}

/** What could not be judged this time stays open: silence is no recovery. */
function couldJudge(incident: string, findings: readonly Finding[], seen: Observation): boolean {
  if (incident.startsWith('input-')) return seen.inputJudged;
  const judged = (kind: Finding['kind']): boolean =>
    findings.some((finding) => finding.kind === kind && finding.state !== 'not_judged');
  if (incident.startsWith('skew-')) return judged('skew');
  if (incident === 'performance-skill') return judged('performance');
  if (incident === 'calibration') return judged('calibration');
  if (incident === 'error-stream') return judged('error_stream');
  if (incident === 'drift-prediction') return judged('prediction');
  if (incident === 'drift-features') return judged('drift');
  if (incident.startsWith('service-'))
    // A server that is gone has no finding any more: its trouble is over.
    return !findings.some(
      ({ kind, subject, state }) =>
        kind === 'service' && incident === `service-${subject.replace(' ', '-')}` && state === 'not_judged',
    );
  const [, role, name] = /^(kpi|proxy)-(.+)$/.exec(incident) ?? [];
  if (role !== undefined)
    return findings.some(({ kind, subject, state }) => kind === role && subject === name && state !== 'not_judged');
  return true;
}

function headline({ triggers, alerts, notes }: Plan, findings: readonly Finding[], seen: Observation): string {
  const page = alerts.find(({ severity }) => severity === 'page');
  if (page !== undefined) return page.sentence;
  const [trigger] = triggers;
  if (trigger !== undefined) return `Asks for a run (${trigger.trigger}): ${trigger.reason}`;
  if (notes[0] !== undefined) return notes[0].sentence;
  if (alerts[0] !== undefined) return alerts[0].sentence;
  const quality = findings.find(({ kind }) => kind === 'performance');
  return [quality?.sentence, seen.drift?.dataset.sentence].filter(Boolean).join(' ') || 'Nothing could be judged yet.';
}

function emptyReport(model: string, asOf: string): TickReport {
  return {
    contract: 1,
    model,
    as_of: asOf,
    champion: null,
    promoted_at: null,
    holdout: null,
    findings: [],
    actions: [],
    open_incidents: [],
    drift: null,
    drift_verdict: 'not_judged',
    performance: [],
    sentence: `${model} has no champion yet, so there is nothing to watch. Start a run.`,
  };
}
