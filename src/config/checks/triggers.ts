/** Events, freeze windows and combinations that say something that can happen. */
import type { Check, Complaint } from './check.ts';
import { timezoneProblem } from './schedule.ts';

export const eventTypesDiffer: Check = ({ triggers: { events } }) => {
  const named = new Map<string, string>();
  return Object.entries(events).flatMap(([name, rule]): Complaint[] => {
    if (rule === 'off') return [];
    const other = named.get(rule.type);
    named.set(rule.type, name);
    if (other === undefined) return [];
    return [{ path: ['triggers', 'events', name, 'type'], message: `${rule.type} is the type of ${other} already` }];
  });
};

export const freezeWindowsCanCome: Check = ({ triggers: { freeze_windows } }) =>
  freeze_windows.flatMap((window, index): Complaint[] => {
    const path = ['triggers', 'freeze_windows', index];
    if ('days' in window) {
      const zone = timezoneProblem(window.timezone);
      if (zone === undefined) return [];
      const hint = 'write a name of the IANA list, such as Europe/Berlin or UTC';
      return [{ path: [...path, 'timezone'], message: `${zone}; read ${JSON.stringify(window.timezone)}`, hint }];
    }
    if (Date.parse(window.from) < Date.parse(window.to)) return [];
    return [{ path: [...path, 'to'], message: `must come after from, ${window.from}; read ${window.to}` }];
  });

export const kindsAreCombinedWithOthers: Check = ({ triggers: { combine } }) =>
  Object.entries(combine).flatMap(([kind, rule]): Complaint[] =>
    rule?.only_with.includes(kind as never)
      ? [{ path: ['triggers', 'combine', kind, 'only_with'], message: `${kind} is always seen with itself` }]
      : [],
  );
