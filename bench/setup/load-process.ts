/** Sends requests from a process of its own: reads a job from standard input, prints what it measured. */
import autocannon from 'autocannon';
import type { Job, Measured } from './load.ts';
import { openLoop } from './open-loop.ts';

let nth = 0;

async function run(job: Job): Promise<Measured> {
  /** Every row has an id that was never sent: a repeated one would be answered from memory and not logged. */
  const body = () => {
    const i = nth++;
    return `{"rows":[{"inference_id":"${job.name}-${i}",${job.rows[i % job.rows.length]}]}`;
  };
  return job.perSecond === null
    ? await closedLoop(job, body)
    : await fixedRate({ ...job, perSecond: job.perSecond }, body);
}

/** As fast as the connections allow: for CPU by request, not for latency. */
async function closedLoop({ url, path, connections, seconds }: Job, body: () => string): Promise<Measured> {
  const result = await autocannon({
    ...{ url: `${url}${path}`, connections, duration: seconds, method: 'POST' },
    headers: { 'content-type': 'application/json' },
    requests: [{ setupRequest: (request) => ({ ...request, body: body() }) }],
  });
  return {
    answered: result['2xx'],
    failed: result.errors + result.timeouts + result.non2xx,
    seconds: result.duration,
    latency: [],
  };
}

async function fixedRate(
  { url, path, connections, seconds, perSecond }: Job & { readonly perSecond: number },
  body: () => string,
): Promise<Measured> {
  const requests = Math.round(seconds * perSecond);
  const result = await openLoop({ url, path, body, perSecond, requests, connections });
  return {
    answered: result.latency.length - result.failed,
    failed: result.failed,
    seconds: result.seconds,
    latency: [0.5, 0.9, 0.99, 0.999, 1].map((share) => at(result.latency, share)),
  };
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
console.log(JSON.stringify(await run(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Job)));
