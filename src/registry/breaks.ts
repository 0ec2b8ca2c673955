/** Confirmed breaks: instants from which on the world was different, so that older rows may mislead a training. Pure. */
import type { ConfirmedBreak, LedgerState } from './contract.ts';
import type { Step } from './state.ts';

/** Older breaks never rule while newer ones stand; each entry carries the list. */
export const MAX_BREAKS = 20;

/** Refused for an instant that is confirmed already: the same finding or event told again changes nothing. */
export function confirmBreak(found: ConfirmedBreak): Step {
  return (state) => {
    const breaks = state.breaks ?? [];
    if (breaks.some(({ at }) => same(at, found.at))) return { refused: `a break at ${found.at} is confirmed already` };
    const kept = [...breaks, found].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-MAX_BREAKS);
    return { change: { kind: 'break_confirmed', ...found }, state: { ...state, breaks: kept } };
  };
}

export function withdrawBreak(order: { at: string; reason: string }): Step {
  return (state) => {
    const breaks = state.breaks ?? [];
    const left = breaks.filter(({ at }) => !same(at, order.at));
    if (left.length === breaks.length) {
      const known = breaks.map(({ at }) => at).join(', ');
      return { refused: `no break at ${order.at} is confirmed${known === '' ? '' : `; confirmed: ${known}`}` };
    }
    return { change: { kind: 'break_withdrawn', ...order }, state: { ...state, breaks: left } };
  };
}

/** The newest break that has happened at `asOf`; null where there is none. */
export function lastBreak({ breaks = [] }: Pick<LedgerState, 'breaks'>, asOf: string): ConfirmedBreak | null {
  const happened = breaks.filter(({ at }) => Date.parse(at) <= Date.parse(asOf));
  return happened.reduce<ConfirmedBreak | null>(
    (newest, one) => (newest !== null && Date.parse(newest.at) >= Date.parse(one.at) ? newest : one),
    null,
  );
}

/** Instants may be spelt with or without fractions of a second. */
function same(a: string, b: string): boolean {
  return Date.parse(a) === Date.parse(b);
}
