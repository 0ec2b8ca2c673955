/** Replays a year of flights against the prediction server: each asked at its departure, each label at its landing. */
import { join } from 'node:path';
import { rowsOf, withDuckDb } from '../../data/engine.ts';
import { parquetOf, quoteInstant } from '../../data/sql-text.ts';
import { deliveredEvents, MODEL, type Stage } from './stage.ts';

const BATCH = 1000;
const DAY = 86_400_000;

interface Flight {
  readonly row: Record<string, string | number | null>;
  readonly at: number;
  readonly label: number | null;
  readonly labelAt: number | null;
}

export interface Replay {
  /** Event time of the next flight. */
  readonly clock: string;
  readonly sent: number;
  /** Asks for every flight before the instant, hands over every label known by then, and moves the clock there. */
  advance(to: string): Promise<void>;
  /** Asks for the coming flights little by little until stopped; the clock stands still meanwhile. */
  trickle(): { stop(): Promise<void> };
}

export async function openReplay(stage: Stage, from: string): Promise<Replay> {
  let flights = await month(stage, from);
  let at = 0;
  let sent = 0;
  let unlabelled: Flight[] = [];
  let clock = from;

  /** The next flights before `until`, at most `count`; loads the next month where one is used up. */
  const take = async (until: number, count: number): Promise<Flight[]> => {
    if (at >= flights.length) {
      const last = flights.at(-1);
      if (!last) return [];
      flights = await month(stage, nextMonth(last.at));
      at = 0;
    }
    const end = flights.findIndex((flight, index) => index >= at && (flight.at >= until || index - at >= count));
    const taken = flights.slice(at, end < 0 ? Math.min(flights.length, at + count) : end);
    at += taken.length;
    return taken;
  };
  const ask = async (asked: readonly Flight[]) => {
    if (asked.length === 0) return;
    await post(stage, 'predict', { rows: asked.map((flight) => flight.row) });
    sent += asked.length;
    unlabelled.push(...asked.filter((flight) => flight.label !== null));
  };
  const label = async (until: number) => {
    const known = unlabelled.filter((flight) => (flight.labelAt ?? Infinity) <= until);
    unlabelled = unlabelled.filter((flight) => (flight.labelAt ?? Infinity) > until);
    for (let i = 0; i < known.length; i += BATCH) {
      const labels = known.slice(i, i + BATCH).map((flight) => ({
        inference_id: String(flight.row['flight_id']),
        label: flight.label,
        observed_at: new Date(flight.labelAt as number).toISOString(),
      }));
      await post(stage, 'labels', { labels });
    }
  };

  return {
    get clock() {
      return clock;
    },
    get sent() {
      return sent;
    },
    async advance(to) {
      const until = Math.max(Date.parse(to), Date.parse(clock)); // the clock never goes back
      for (let batch = await take(until, BATCH); batch.length > 0; batch = await take(until, BATCH)) await ask(batch);
      await label(until);
      await fetch(`${stage.predictions}/v1/flush`, { method: 'POST' });
      clock = new Date(until).toISOString();
      await stage.setTime(clock);
    },
    trickle() {
      let going = true;
      const done = (async () => {
        while (going) {
          await ask(await take(Infinity, 12));
          await pause(4);
        }
      })();
      return {
        async stop() {
          going = false;
          await done;
        },
      };
    },
  };
}

const PATIENCE_MS = 30_000;

/** As a good client does: 503 is answered by waiting as long as the server says. */
async function post(stage: Stage, what: string, body: unknown): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    const response = await fetch(`${stage.predictions}/v1/models/${MODEL}/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = await response.text();
    if (response.ok) return;
    if (response.status !== 503 || Date.now() > deadline) {
      throw new Error(`the prediction server answered ${response.status}: ${answer.slice(0, 300)}`);
    }
    await pause(Number(response.headers.get('retry-after') ?? 1) * 1000);
  }
}

async function month(stage: Stage, from: string): Promise<Flight[]> {
  const name = from.slice(0, 7);
  if (name > '2013-12') return [];
  // The replay's own copy: what a step of the demo does to the delivered files must not change what really happened.
  const path = join(deliveredEvents, `${name}.parquet`);
  const rows = await withDuckDb({ tempDir: join(stage.dir, 'scratch') }, (db) =>
    rowsOf(
      db,
      `SELECT * EXCLUDE (event_ts, arr_delay_min, arrived_late, label_available_at), epoch_ms(event_ts)::DOUBLE AS _at,
        arrived_late::INT AS _label, epoch_ms(label_available_at)::DOUBLE AS _label_at
       FROM ${parquetOf([path])} WHERE event_ts >= ${quoteInstant(from)} ORDER BY event_ts, flight_id`,
    ),
  );
  return rows.map(({ _at, _label, _label_at, ...row }) => ({
    row: { ...plain(row), event_ts: new Date(Number(_at)).toISOString() },
    at: Number(_at),
    label: _label === null ? null : Number(_label),
    labelAt: _label_at === null ? null : Number(_label_at),
  }));
}

function plain(row: Record<string, unknown>): Record<string, string | number | null> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : (value as string | number | null),
    ]),
  );
}

function nextMonth(at: number): string {
  const day = new Date(at);
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1)).toISOString();
}

export const addDays = (instant: string, days: number): string =>
  new Date(Date.parse(instant) + days * DAY).toISOString();

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
