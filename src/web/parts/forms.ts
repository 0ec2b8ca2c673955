/** Forms that change something: each carries the session's token, and a button that cannot be used says why. */
import { type Content, type Html, html } from '../html.ts';
import type { Session } from '../sessions.ts';

export function postForm(session: Session, action: string, body: Content): Html {
  return html`<form class="panel" method="post" action="${action}"><input type="hidden" name="csrf" value="${session.csrf}">${body}</form>`;
}

export interface Button {
  readonly name: string;
  readonly value: string;
  /** Says the consequence. */
  readonly label: string;
  readonly kind?: 'primary' | 'danger' | 'plain';
  /** Why it cannot be used; null where it can. */
  readonly why: string | null;
}

/** Reasons stand below their buttons, each once, and are tied to them for screen readers. */
export function buttons(id: string, all: readonly Button[]): Html {
  const reasons = [...new Set(all.flatMap(({ why }) => (why === null ? [] : [why])))];
  return html`<p class="buttons">${all.map(({ name, value, label, kind, why }) => {
    const told = why !== null && html` disabled aria-describedby="${id}-${reasons.indexOf(why)}"`;
    return html`<button class="${kind ?? 'plain'}" name="${name}" value="${value}"${told}>${label}</button> `;
  })}</p>${reasons.map((why, i) => html`<p class="why" id="${id}-${i}">${why}.</p>`)}`;
}

/** In production a decision asks for the token again. */
export function tokenAgain(production: boolean): Html | null {
  if (!production) return null;
  return html`<label>Your token, once more <input name="token" type="password" autocomplete="current-password" required></label>`;
}
