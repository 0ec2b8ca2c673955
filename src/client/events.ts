/** Hands an event over to the owner of a model, for somebody who waits at the other end of an HTTP request. */
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { ObjectStore } from '../store/object-store.ts';
import type { Trigger, TriggerAnswer } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';
import { EventNotConfirmed } from './errors.ts';
import { sendTrigger } from './owner.ts';

/**
 * @param patienceMs how long to wait, for Temporal and for the owner's decision together
 * @returns null where Temporal has the event and nobody has decided in that time
 * @throws TemporalUnreachable where nothing was sent; EventNotConfirmed where that is not known
 */
export async function handOver(
  services: { readonly client: HoneClient; readonly store: ObjectStore },
  model: string,
  trigger: Trigger,
  patienceMs: number,
): Promise<TriggerAnswer | null> {
  const over = new AbortController();
  let handedOver = false;
  const asked = sendTrigger(services, model, trigger, over.signal, {
    deadline: new Date(Date.now() + patienceMs),
    onHandedOver: () => {
      handedOver = true;
    },
  });
  asked.catch(() => undefined); // whoever comes second is not heard
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new EventNotConfirmed(services.client.address, undefined)), patienceMs);
  });
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    if (handedOver) return null;
    const unknown = error instanceof ServiceError || isGrpcServiceError(error);
    throw unknown ? new EventNotConfirmed(services.client.address, error) : error;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
