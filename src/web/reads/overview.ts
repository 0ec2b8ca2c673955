/** All models at a glance: one small read a model from ledger and store, and one list of open runs from Temporal. */
import { listRuns, type RunSummary } from '../../client/runs.ts';
import type { TickReport } from '../../monitoring/contract.ts';
import type { LedgerState } from '../../registry/contract.ts';
import type { Sources } from '../sources.ts';
import { type ServedBy, servedBy, starts } from './fleet.ts';
import type { Known } from './last-known.ts';

export interface Need {
  readonly kind: 'approval' | 'inconclusive' | 'stuck' | 'incident' | 'server';
  readonly model: string;
  readonly sentence: string;
  readonly href: string;
  readonly deadline: string | null;
}

/** The newest look of monitoring, as much of it as a list shows. */
export interface Look {
  readonly as_of: string;
  readonly sentence: string;
  readonly drift: TickReport['drift_verdict'];
  readonly quality: string;
  readonly open: readonly { readonly incident: string; readonly severity: string; readonly sentence: string }[];
}

export interface ModelRow {
  readonly model: string;
  readonly owner: string;
  readonly state: LedgerState;
  readonly look: Look | null;
  /** Undefined where no prediction server names it. */
  readonly served: ServedBy | undefined;
  /** When its schedule starts a run; undefined without one. */
  readonly next: string | undefined;
  readonly open: RunSummary | null;
  readonly needs: readonly Need[];
}

export interface Overview {
  readonly rows: readonly ModelRow[];
  readonly store: Known<readonly ModelFacts[]> | null;
  readonly runs: Known<readonly RunSummary[]> | null;
}

type ModelFacts = Pick<ModelRow, 'model' | 'owner' | 'state' | 'look' | 'served'>;

const PARALLEL = 16;

/** @param visible models that the person may see */
export async function overview(sources: Sources, visible: (model: string) => boolean): Promise<Overview> {
  const [store, runs, next] = await Promise.all([
    sources.lastKnown.read('the store', 'overview', () => sources.shared('overview', () => factsOfAll(sources))),
    openRuns(sources),
    starts(sources),
  ]);
  const byModel = new Map((runs?.value ?? []).map((run) => [run.model, run]));
  const rows = (store?.value ?? [])
    .filter(({ model }) => visible(model))
    .map((facts) => {
      const open = byModel.get(facts.model) ?? null;
      return { ...facts, next: next.get(facts.model), open, needs: needsOf(facts, open) };
    });
  return { rows: rows.sort((a, b) => rank(a) - rank(b) || a.model.localeCompare(b.model)), store, runs };
}

/** Open runs of all models, by one question to Temporal a second at most. */
export function openRuns(sources: Sources): Promise<Known<readonly RunSummary[]> | null> {
  const { lastKnown, client } = sources;
  return lastKnown.read('Temporal', 'open runs', () =>
    sources.shared('open runs', () => listRuns(client, { open: true, limit: 1000 })),
  );
}

async function factsOfAll(sources: Sources): Promise<ModelFacts[]> {
  const models = [...sources.workspace.models.values()].map(({ config }) => config);
  const served = await servedBy(sources);
  const facts: ModelFacts[] = [];
  for (let i = 0; i < models.length; i += PARALLEL) {
    const some = models.slice(i, i + PARALLEL).map(async ({ model, owner }) => {
      const [state, look] = await Promise.all([sources.ledger(model).state(), sources.looks.newest(model)]);
      return { model, owner, state, look: look && lookOf(look), served: served.get(model) };
    });
    facts.push(...(await Promise.all(some)));
  }
  return facts;
}

function lookOf({ as_of, sentence, drift_verdict, findings, actions, open_incidents }: TickReport): Look {
  const alerts = actions.flatMap((action) => (action.kind === 'alert' && action.status !== 'resolved' ? [action] : []));
  const told = new Map(alerts.map(({ incident, severity, sentence: said }) => [incident, { severity, said }]));
  return {
    as_of,
    sentence,
    drift: drift_verdict,
    quality: findings.find(({ kind }) => kind === 'performance')?.state ?? 'not_judged',
    open: open_incidents.map((incident) => ({
      incident,
      severity: told.get(incident)?.severity ?? 'warn',
      sentence: told.get(incident)?.said ?? incident.replaceAll('-', ' '),
    })),
  };
}

function needsOf({ model, look, state, served }: ModelFacts, open: RunSummary | null): Need[] {
  const waiting: Need[] =
    open?.needs === 'approval' || open?.needs === 'inconclusive' || open?.needs === 'stuck'
      ? [
          {
            kind: open.needs,
            model,
            sentence: open.waitingFor === null ? open.sentence : `${open.run} waits for ${open.waitingFor}.`,
            href: open.needs === 'approval' ? `/runs/${open.run}/packet` : `/runs/${open.run}`,
            deadline: open.deadline,
          },
        ]
      : [];
  const pages = (look?.open ?? []).filter(({ severity }) => severity === 'page');
  const dumb: Need[] =
    state.aliases.champion !== null && served?.ready === 0
      ? [
          {
            kind: 'server',
            model,
            sentence: `No prediction server is ready to answer with version ${state.aliases.champion.version}.`,
            href: '/installation',
            deadline: null,
          },
        ]
      : [];
  return [
    ...dumb,
    ...waiting,
    ...pages.map(({ sentence }) => {
      const href = `/models/${model}/incidents`;
      return { kind: 'incident' as const, model, sentence, href, deadline: null };
    }),
  ];
}

/** An open incident, drift, or servers that are silent or limp. */
export function isAtRisk({ look, served }: Pick<ModelRow, 'look' | 'served'>): boolean {
  const limps = served !== undefined && (served.ready === 0 || served.unready > 0 || served.beyond.length > 0);
  return (look?.open.length ?? 0) > 0 || look?.drift === 'moved' || limps;
}

/** Needs somebody, at risk, on the way, quiet. */
function rank(row: ModelRow): number {
  const { needs, open, state } = row;
  if (needs.length > 0) return 0;
  if (isAtRisk(row)) return 1;
  if (open !== null || state.activeRun !== null) return 2;
  return state.aliases.champion === null ? 3 : 4;
}
