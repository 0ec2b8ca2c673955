/** The routes of an installation, ready to send: one that cannot be used says so, and keeps no other from working. */
import type { NotifyConfig } from '../config/notify.ts';
import type { Notice } from './contract.ts';
import type { Route } from './deliver.ts';
import { RouteUnusable } from './errors.ts';
import { RUNBOOKS, runbookOf } from './runbooks.ts';
import { type Letter, senderOf } from './senders.ts';

/** @param temporalUrl address of a workflow in Temporal's pages; null where there are none */
export function openRoutes(
  config: NotifyConfig,
  temporalUrl: (workflowId: string) => string | null,
  environment: NodeJS.ProcessEnv = process.env,
): Route[] {
  return Object.entries(config.routes).map(([name, route]): Route => {
    const linksOf = (notice: Notice) => linksTo(notice, config, temporalUrl);
    try {
      return { name, route, send: senderOf(name, route, environment), linksOf };
    } catch (error) {
      if (!(error instanceof RouteUnusable)) throw error;
      return { name, route, send: { unusable: error.message }, linksOf };
    }
  });
}

/** The page where a person can act, Temporal's own with the details of the run or of the model's owner, and what to do. */
function linksTo(
  notice: Notice,
  { pages, runbooks }: NotifyConfig,
  temporalUrl: (workflowId: string) => string | null,
): Letter['links'] {
  const { model, run, type } = notice;
  const temporal = temporalUrl(run ?? `model/${model}`);
  const page = (path: string) => new URL(path, pages).href;
  const own =
    pages === undefined
      ? []
      : run === null
        ? [{ name: model, url: page(`/models/${model}`) }]
        : type.startsWith('approval')
          ? [{ name: 'read the packet and decide', url: page(`/runs/${run}/packet`) }]
          : [{ name: run, url: page(`/runs/${run}`) }];
  const runbook = runbookOf(notice);
  const advice =
    runbooks === undefined ? `${RUNBOOKS}${runbook}` : new URL(runbook, `${runbooks.replace(/\/$/, '')}/`).href;
  return [
    ...own,
    ...(temporal === null ? [] : [{ name: 'in Temporal', url: temporal }]),
    { name: 'what to do', url: advice },
  ];
}
