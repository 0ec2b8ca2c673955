/** Hands an event over to the owner of a model, for somebody who waits at the other end of an HTTP request. */
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { ObjectStore } from '../store/object-store.ts';
import type { Trigger, TriggerAnswer } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';
import { TemporalUnreachable } from './errors.ts';
import { sendTrigger } from './owner.ts';

/**
 * @param patienceMs how long to wait for the owner's decision
 * @returns null where Temporal has the event and nobody has decided in that time
 * @throws TemporalUnreachable where it is not known to have it; sending it again counts once
 */
export async function handOver(
  services: { readonly client: HoneClient; readonly store: ObjectStore },
  model: string,
  trigger: Trigger,
  patienceMs: number,
): Promise<TriggerAnswer | null> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), patienceMs);
  let handedOver = false;
  try {
    return await sendTrigger(services, model, trigger, over.signal, () => {
      handedOver = true;
    });
  } catch (error) {
    if (handedOver) return null;
    const away = over.signal.aborted || error instanceof ServiceError || isGrpcServiceError(error);
    throw away ? new TemporalUnreachable(services.client.address, error) : error;
  } finally {
    clearTimeout(timer);
  }
}
