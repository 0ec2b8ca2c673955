/** Builds of the worker: which there are, which one takes new runs, and making another one current. */
import { pollUntil } from '../local/deadline.ts';
import type { HoneClient } from './connect.ts';
import { BuildUnknown, NotDeployed } from './errors.ts';

export interface WorkerBuild {
  readonly build: string;
  /** Takes new runs. */
  readonly current: boolean;
  /** `drained`: no open run is on it any more, so its workers can be stopped. */
  readonly state: 'current' | 'draining' | 'drained' | 'idle';
  readonly first_seen: string | null;
}

/** Names of VersionDrainageStatus of Temporal's API, by number. */
const DRAINAGE: Readonly<Record<number, WorkerBuild['state']>> = { 1: 'draining', 2: 'drained' };
const KNOWN_WITHIN_MS = 15_000;
/** gRPC's code for what is not there. */
const NOT_FOUND = 5;

/** Newest first; empty before the first worker of the deployment. @throws TemporalUnreachable */
export async function workerBuilds(client: HoneClient, deploymentName: string): Promise<WorkerBuild[]> {
  const temporal = await client.temporal();
  const { namespace } = temporal.options;
  const found = await temporal.workflowService
    .describeWorkerDeployment({ namespace, deploymentName })
    .catch((error: unknown) => {
      if ((error as { code?: number }).code === NOT_FOUND) return null;
      throw error;
    });
  const info = found?.workerDeploymentInfo;
  const current = info?.routingConfig?.currentDeploymentVersion?.buildId ?? null;
  return (info?.versionSummaries ?? [])
    .map(({ deploymentVersion, drainageInfo, createTime }) => {
      const build = deploymentVersion?.buildId ?? '';
      const state = build === current ? 'current' : (DRAINAGE[drainageInfo?.status ?? 0] ?? 'idle');
      const first_seen = createTime?.seconds ? new Date(Number(createTime.seconds) * 1000).toISOString() : null;
      return { build, current: build === current, state, first_seen };
    })
    .sort((a, b) => String(b.first_seen).localeCompare(String(a.first_seen)));
}

export interface Promoted {
  readonly build: string;
  readonly before: string | null;
  readonly sentence: string;
}

/**
 * Makes a build current, and reads it back. Open runs stay where they are.
 *
 * @param build the newest one where none is named
 * @throws NotDeployed where no worker of the deployment was ever seen, BuildUnknown, TemporalUnreachable
 */
export async function promoteBuild(client: HoneClient, deploymentName: string, build?: string): Promise<Promoted> {
  const temporal = await client.temporal();
  const { namespace } = temporal.options;
  // A worker that has just started is known a moment later.
  const known = await pollUntil(
    async () => {
      const builds = await workerBuilds(client, deploymentName);
      return builds.some((one) => build === undefined || one.build === build) ? builds : undefined;
    },
    { timeoutMs: KNOWN_WITHIN_MS, everyMs: 250 },
  );
  if (known === undefined) {
    const builds = (await workerBuilds(client, deploymentName)).map((one) => one.build);
    throw builds.length === 0 ? new NotDeployed(deploymentName) : new BuildUnknown(String(build), builds);
  }
  const chosen = build ?? known[0]?.build ?? '';
  const before = known.find(({ current }) => current)?.build ?? null;
  if (before !== chosen)
    await temporal.workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName, buildId: chosen });
  const now = (await workerBuilds(client, deploymentName)).find(({ current }) => current)?.build ?? null;
  const stay =
    before === null || before === chosen ? '' : ` Open runs end on ${before}: keep its worker until it is drained.`;
  const sentence =
    before === chosen
      ? `Build ${chosen} is current already; nothing was changed.`
      : `Build ${now} is current, read back: new runs begin on it.${stay}`;
  return { build: chosen, before, sentence };
}
