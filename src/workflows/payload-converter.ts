/**
 * A payload converter that never throws on reading: undecodable bytes become a marked value.
 *
 * Without it one signal with broken JSON, sent by anyone, fails the workflow task for ever (measured).
 */
import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch (error) {
      return { undecodable: true, problem: String((error as Error).message).slice(0, 200) } as T;
    }
  },
};
