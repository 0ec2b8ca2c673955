/** Steady requests to the prediction server, so that a canary has something to judge. */
import { MODEL } from './workspace.ts';

const BATCH = 10;
const EVERY_MS = 20;

export function sendTraffic(url: string): { stop(): Promise<void> } {
  let going = true;
  const sent = (async () => {
    for (let id = 1; going; id += BATCH) {
      const rows = Array.from({ length: BATCH }, (_, i) => ({ ...row, flight_id: id + i, tail_number: `N${id + i}` }));
      const response = await fetch(`${url}/v1/models/${MODEL}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows }),
      });
      await response.arrayBuffer();
      await new Promise((done) => setTimeout(done, EVERY_MS));
    }
  })();
  return {
    async stop() {
      going = false;
      await sent;
    },
  };
}

/** A flight of the example data. */
const row = {
  ...{ event_ts: '2013-05-01T15:00:00Z', carrier: 'UA', origin: 'EWR', dest: 'IAH', distance_miles: 1400 },
  ...{ sched_dep_minute: 600, sched_duration_min: 227, day_of_week: 3, plane_year: 1999, plane_seats: 149 },
  ...{ temp_f: 59, dew_point_f: 48, humidity_pct: 64.4, wind_speed_mph: 12.6, wind_gust_mph: null },
  ...{ precip_in: 0, pressure_mb: 1012, visibility_mi: 10 },
};
