/** Who is signed in, in memory: a restart signs everybody out. The browser holds a random id and nothing else. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Person } from './people.ts';

export interface Session {
  readonly id: string;
  readonly person: Person;
  readonly until: number;
  /** Goes into every form; worth nothing with another session. */
  readonly csrf: string;
  /** Answers to show once, on the next page. */
  readonly notices: { readonly good: boolean; readonly text: string }[];
}

export const SESSION_HOURS = 12;
/** The oldest go first: a flood of sessions ends other sessions of the flood, not the process. */
const MOST = 2000;

export class Sessions {
  readonly #secret = randomBytes(32);
  readonly #open = new Map<string, Session>();

  /** @param now milliseconds */
  start(person: Person, now: number): Session {
    const id = randomBytes(32).toString('base64url');
    const session: Session = {
      id,
      person,
      until: now + SESSION_HOURS * 3_600_000,
      csrf: createHmac('sha256', this.#secret).update(id).digest('base64url'),
      notices: [],
    };
    this.#open.set(id, session);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MOST && oldest !== undefined) this.#open.delete(oldest);
    return session;
  }

  find(id: string | undefined, now: number): Session | undefined {
    const found = id === undefined ? undefined : this.#open.get(id);
    if (found !== undefined && found.until > now) return found;
    if (found !== undefined) this.#open.delete(found.id);
    return undefined;
  }

  end(id: string): void {
    this.#open.delete(id);
  }
}

export function csrfFits(session: Session, sent: unknown): boolean {
  if (typeof sent !== 'string') return false;
  const [a, b] = [Buffer.from(session.csrf), Buffer.from(sent)];
  return a.length === b.length && timingSafeEqual(a, b);
}
