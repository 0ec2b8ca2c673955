/** `POST …/events`: a signed CloudEvent becomes a trigger of the model's owner, and its answer the answer. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ModelConfig } from '../config/model.ts';
import { configSnapshotSchema } from '../config/snapshot.ts';
import { durationMs } from '../config/values.ts';
import { openLedger } from '../registry/ledger.ts';
import { type Answered, findAnswer } from '../registry/trigger-answers.ts';
import { getByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readCloudEvent, signedContent } from '../triggers/cloud-event.ts';
import { EventReplayed, EventsClosed, TooManyEvents } from '../triggers/errors.ts';
import { CONTENT, eventTrigger } from '../triggers/event-trigger.ts';
import { type EventKey, signerOf } from '../triggers/signature.ts';
import type { Trigger, TriggerAnswer } from '../workflows/contract.ts';
import type { EventAnswer } from './contract.ts';
import type { Describe } from './openapi.ts';

/** What the program puts in: who may send, and the way to the owner, of which serving itself knows nothing. */
export interface EventDoor {
  readonly keys: readonly EventKey[];
  /** Null where the event is safe but not decided after `patienceMs`. */
  handOver(model: string, trigger: Trigger, patienceMs: number): Promise<TriggerAnswer | null>;
  /** The logical time now. */
  asOf(): Promise<string>;
}

const MAX_EVENT_BYTES = 64 * 1024;
/** Of one model; each holds a connection while the owner decides. */
const WAITING_AT_MOST = 100;
/** Beyond the merge window. */
const PATIENCE_MS = 5_000;
const PATIENCE_AT_MOST_MS = 20_000;

/** The body is read as bytes here: a signature covers what was sent, not what it means. */
export function eventRoute(
  app: FastifyInstance,
  parts: {
    readonly describe: Describe;
    readonly store: ObjectStore;
    readonly door: EventDoor | undefined;
    readonly modelOf: (request: FastifyRequest) => string;
  },
): void {
  const desk = new EventDesk(parts.store, parts.door);
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/v1/models/:model/events',
      { ...parts.describe('events'), bodyLimit: MAX_EVENT_BYTES, config: { access: 'signed' } },
      async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const answer = await desk.take(parts.modelOf(request), request.headers, body);
        return reply.status(answer.answer === 'accepted' ? 202 : 200).send(answer);
      },
    );
  });
}

class EventDesk {
  readonly #store: ObjectStore;
  readonly #door: EventDoor | undefined;
  readonly #waiting = new Map<string, number>();

  constructor(store: ObjectStore, door: EventDoor | undefined) {
    this.#store = store;
    this.#door = door;
  }

  async take(model: string, headers: FastifyRequest['headers'], body: Buffer): Promise<EventAnswer> {
    const door = this.#door;
    if (!door || door.keys.length === 0)
      throw new EventsClosed(
        'this server has no key to check it with',
        'Name one under events.keys of config/hone.yaml.',
      );
    const { by } = signerOf(door.keys, headers, signedContent(headers, body), Date.now());
    const event = readCloudEvent(headers, body);
    const waiting = this.#waiting.get(model) ?? 0;
    if (waiting >= WAITING_AT_MOST) throw new TooManyEvents(model, waiting);
    this.#waiting.set(model, waiting + 1);
    try {
      const config = await this.#configOf(model);
      const trigger = eventTrigger({ event, by }, config, await door.asOf());
      const earlier = await this.#answerTo(model, trigger);
      if (earlier?.decided) return { ...answerIn(earlier), repeated: true };
      const patience = Math.min(durationMs(config.triggers.merge_window) + PATIENCE_MS, PATIENCE_AT_MOST_MS);
      const answer = await door.handOver(model, trigger, patience);
      await this.#answerTo(model, trigger);
      return answer === null ? notDecided(model) : { ...answer, repeated: false };
    } finally {
      this.#waiting.set(model, (this.#waiting.get(model) ?? 1) - 1);
    }
  }

  async #configOf(model: string): Promise<ModelConfig> {
    const { config } = await openLedger(this.#store, model).state();
    if (config !== null) return (await getByDigest(this.#store, 'configs', config, configSnapshotSchema)).model;
    throw new EventsClosed(
      `${model} has no configuration in the ledger`,
      'Run `hone config apply`, then send it again.',
    );
  }

  /** @throws EventReplayed where the answer is to an event with this source and id and another content */
  async #answerTo(model: string, { eventId, evidence }: Trigger & { eventId: string }): Promise<Answered | null> {
    const found = await findAnswer(this.#store, model, eventId);
    const before = (found?.trigger['evidence'] ?? {}) as Record<string, unknown>;
    if (before[CONTENT] !== undefined && before[CONTENT] !== evidence?.[CONTENT])
      throw new EventReplayed(String(evidence?.['source']), String(evidence?.['id']));
    return found;
  }
}

const answerIn = ({ answer, run, reason }: Answered): TriggerAnswer => ({ answer, run, reason });

const notDecided = (model: string): EventAnswer => ({
  answer: 'accepted',
  run: null,
  reason: `Temporal has the event, and the owner of ${model} has not decided yet; send it again to learn the answer`,
  repeated: false,
});
