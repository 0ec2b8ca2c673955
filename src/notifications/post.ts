/** One HTTP call of a route. */
import { NotDelivered } from './errors.ts';

export const TIMEOUT_MS = 10_000;

/** @throws NotDelivered, naming the host only: the address may hold a secret */
export async function post(name: string, url: string, headers: Record<string, string>, body: string): Promise<void> {
  const host = new URL(url).host;
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
  } catch (error) {
    const cause = (error as { cause?: { message?: string } }).cause?.message ?? (error as Error).message;
    throw new NotDelivered(name, `${host} could not be asked (${cause})`);
  }
  if (!response.ok) throw new NotDelivered(name, `${host} answered ${response.status}`);
}
