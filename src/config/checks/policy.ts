/** Who approves, how a rollout climbs, what a high tier forbids. */
import type { HoneConfig } from '../hone.ts';
import { nearest } from '../nearest.ts';
import type { Check, Complaint } from './check.ts';

export const canaryClimbsToAll: Check = ({ deploy: { canary } }) => {
  const { steps } = canary;
  const path = ['deploy', 'canary', 'steps'];
  const shown = `read [${steps.join(', ')}]`;
  const falling = steps.findIndex((step, index) => index > 0 && step <= (steps[index - 1] ?? 0));
  if (falling > 0) {
    return [
      {
        path: [...path, falling],
        message: `steps must rise: ${steps[falling]} follows ${steps[falling - 1]}; ${shown}`,
      },
    ];
  }
  if (steps.at(-1) !== 100)
    return [{ path, message: `the last step must be 100; ${shown}`, hint: `write [${[...steps, 100].join(', ')}]` }];
  if (steps.length === 1)
    return [{ path, message: `a first step of 100 is no canary; ${shown}`, hint: 'write [5, 25, 50, 100]' }];
  return [];
};

export const approversExist: Check = ({ approval: { otherwise } }, hone) => {
  if (hone === undefined) return [];
  const unknown = otherwise.from.flatMap((name, index): Complaint[] => {
    if (Object.hasOwn(hone.groups, name)) return [];
    return [{ path: ['approval', 'otherwise', 'from', index], ...unknownGroup(name, hone) }];
  });
  if (unknown.length > 0) return unknown;
  const people = new Set(otherwise.from.flatMap((name) => hone.groups[name] ?? []));
  if (people.size >= otherwise.approvers) return [];
  const message = `${otherwise.approvers} approvers are needed, but ${otherwise.from.join(' and ')} has ${people.size} people`;
  return [{ path: ['approval', 'otherwise', 'approvers'], message }];
};

function unknownGroup(name: string, hone: HoneConfig): Pick<Complaint, 'message' | 'hint'> {
  const known = Object.keys(hone.groups);
  const near = nearest(name, known);
  const message = `the group ${name} is not in config/hone.yaml`;
  return { message, hint: near === undefined ? `known groups: ${known.join(', ')}` : `did you mean ${near}?` };
}

export const highTierIsDecidedByPeople: Check = ({ tier, approval }) =>
  tier === 'high' && approval.auto !== 'never'
    ? [{ path: ['approval', 'auto'], message: 'tier: high forbids automatic approval', hint: 'write auto: never' }]
    : [];

/** Labels seen only for some decisions make every figure a figure about those decisions (decisions §1). */
export const selectiveLabelsAreDecidedByPeople: Check = ({ data, approval }) =>
  data.selective_labels && approval.auto !== 'never'
    ? [
        {
          path: ['approval', 'auto'],
          message: 'data.selective_labels: true forbids automatic approval',
          hint: 'write auto: never',
        },
      ]
    : [];

export const driftLimitsAreOrdered: Check = ({ monitoring: { drift } }) =>
  drift.psi_act >= drift.psi_warn
    ? []
    : [
        {
          path: ['monitoring', 'drift', 'psi_act'],
          message: `must be at least psi_warn, ${drift.psi_warn}; read ${drift.psi_act}`,
        },
      ];
