/** Callers of the prediction servers, and whether each answer was one that the ledger allowed when it was given (I9). */
import type { LedgerEntry } from '../../../src/registry/contract.ts';
import { exampleRow } from '../../town.ts';
import type { World } from './world.ts';

export interface Predictions {
  stop(): Promise<void>;
  readonly answered: Answered[];
  /** 503 with `Retry-After`, by when and of which model. */
  readonly later: { readonly model: string; readonly at: number }[];
  readonly wrong: string[];
}

type Asked = Pick<World, 'models' | 'nodes'>;

interface Answered {
  readonly model: string;
  readonly version: number;
  readonly from: number;
  readonly to: number;
}

/** How long a server may follow an older entry: it polls each second, and goes on while the store is away. */
const BEHIND_MS = 60_000;

/**
 * @param world the models that are asked for, and addresses of servers that serve all of them
 * @param among which of the models a call is for one of; all of them by default
 */
export function startPredictions(
  world: Asked,
  perSecond: number,
  among: (id: number) => readonly string[] = () => world.models,
): Predictions {
  const answered: Answered[] = [];
  const later: Predictions['later'] = [];
  const wrong: string[] = [];
  let going = true;
  const caller = async (first: number) => {
    for (let id = first; going; id += 4) {
      const models = among(id);
      const model = models[id % models.length] ?? '';
      await predict(world, model, id, { answered, later, wrong });
      await new Promise((done) => setTimeout(done, 4000 / perSecond));
    }
  };
  const callers = [0, 1, 2, 3].map((first) => caller(first));
  return {
    ...{ answered, later, wrong },
    async stop() {
      going = false;
      await Promise.all(callers);
    },
  };
}

/** A caller tries the servers in turn, as a load balancer does; one of them is always up. */
async function predict(
  world: Asked,
  model: string,
  id: number,
  { answered, later, wrong }: Pick<Predictions, 'answered' | 'later' | 'wrong'>,
): Promise<void> {
  const from = Date.now();
  let last = '';
  let asked = false;
  for (let i = 0; i < 2 * world.nodes.length; i++) {
    const url = world.nodes[(id + i) % world.nodes.length];
    try {
      const response = await fetch(`${url}/v1/models/${model}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows: [{ ...exampleRow, flight_id: id, tail_number: `N${id % 997}` }] }),
        signal: AbortSignal.timeout(20_000),
      });
      const body = (await response.json()) as { predictions?: { version: number; prediction: unknown }[] };
      if (response.status === 503 && response.headers.get('retry-after')) {
        asked = true; // it has just begun: the next
        continue;
      }
      const [prediction] = body.predictions ?? [];
      if (!response.ok || !prediction) wrong.push(`${model}: ${response.status} ${JSON.stringify(body).slice(0, 200)}`);
      else if (!isShare(prediction.prediction)) wrong.push(`${model}: ${JSON.stringify(prediction)}`);
      else answered.push({ model, version: prediction.version, from, to: Date.now() });
      return;
    } catch (error) {
      last = String((error as Error).cause ?? error); // this one is down: the next
    }
  }
  if (asked) later.push({ model, at: from });
  else wrong.push(`${model}: no server answered, lately: ${last}`);
}

const isShare = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1;

/** @returns what was wrong, in words; nothing where every answer was allowed */
export function judgePredictions(
  { answered, later, wrong }: Predictions,
  model: string,
  entries: readonly LedgerEntry[],
): string[] {
  const problems = wrong.filter((line) => line.startsWith(`${model}:`));
  const spans = entries.map((entry, i) => ({
    from: Date.parse(entry.at),
    to: Date.parse(entries[i + 1]?.at ?? '9999-01-01T00:00:00Z'),
    versions: entry.state.routing.arms.map(({ version }) => version),
  }));
  for (const one of answered) {
    if (one.model !== model) continue;
    const allowed = spans.some(
      ({ from, to, versions }) => from <= one.to && to >= one.from - BEHIND_MS && versions.includes(one.version),
    );
    if (!allowed) problems.push(`${model}: version ${one.version} answered at ${new Date(one.from).toISOString()}`);
  }
  for (const { model: of, at } of later) {
    const none = spans.some(({ from, to, versions }) => from <= at && to >= at - BEHIND_MS && versions.length === 0);
    if (of === model && spans.length > 0 && !none)
      problems.push(`${model}: 503 at ${new Date(at).toISOString()}, with a champion`);
  }
  return problems;
}
