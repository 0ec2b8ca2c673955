/** Who approves, how a rollout climbs, what a high tier forbids. */
import type { HoneConfig } from '../hone.ts';
import { nearest } from '../nearest.ts';
import { matched, subjectOf } from '../people.ts';
import { durationMs } from '../values.ts';
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

/** GitHub starts a job and says nothing: what is served has to be asked elsewhere. */
export const githubHasStatus: Check = ({ deploy: { target } }) =>
  typeof target === 'object' && target.kind === 'webhook' && target.github !== null && target.status_url_env === null
    ? [
        {
          path: ['deploy', 'target', 'status_url_env'],
          message: 'GitHub cannot answer `status`, so the address of what serves is needed',
          hint: 'name an environment variable, such as HONE_STATUS_URL',
        },
      ]
    : [];

/** A caution: without scores that the predecessor really gave, probation can only propose. */
export const rollBackHasScores: Check = ({ deploy: { target, probation } }) => {
  const outside = typeof target === 'object' && target.kind !== 'server';
  if (probation.on_worse !== 'roll_back' || (probation.shadow && !outside)) return [];
  const why = outside ? 'hone does not answer the requests' : 'deploy.probation.shadow is false';
  return [
    {
      path: ['deploy', 'probation', 'on_worse'],
      message: `a rollback will only be proposed: ${why}, so the predecessor's own scores are not there`,
      hint: outside ? 'write propose_rollback' : 'set deploy.probation.shadow: true',
    },
  ];
};

export const approversExist: Check = ({ approval: { otherwise, break_glass } }, hone) => {
  if (hone === undefined) return [];
  const named: [path: Complaint['path'], groups: readonly string[]][] = [
    [['approval', 'otherwise', 'from'], otherwise.from],
    [['approval', 'otherwise', 'escalate', 'to'], otherwise.escalate === 'never' ? [] : otherwise.escalate.to],
    [['approval', 'break_glass', 'from'], break_glass === 'never' ? [] : break_glass.from],
  ];
  const unknown = named.flatMap(([path, groups]) =>
    groups.flatMap((name, index): Complaint[] =>
      Object.hasOwn(hone.groups, name) ? [] : [{ path: [...path, index], ...unknownGroup(name, hone) }],
    ),
  );
  if (unknown.length > 0) return unknown;
  const members = otherwise.from.map((name) => [...new Set((hone.groups[name] ?? []).map(subjectOf))]);
  const people = new Set(members.flat());
  const path = ['approval', 'otherwise', 'approvers'];
  const from = otherwise.from.join(' and ');
  if (people.size < otherwise.approvers)
    return [{ path, message: `${otherwise.approvers} approvers are needed, but ${from} has ${people.size} people` }];
  const asked = otherwise.each_group * otherwise.from.length;
  if (asked > otherwise.approvers)
    return [
      {
        path: ['approval', 'otherwise', 'each_group'],
        message: `${otherwise.each_group} from each of ${otherwise.from.length} groups are ${asked} people, more than approvers: ${otherwise.approvers}`,
        hint: `write approvers: ${asked}`,
      },
    ];
  const possible = otherwise.from.flatMap((group, index) => Array(otherwise.each_group).fill([group, index]));
  const reached = matched(possible.map(([, index]) => members[index] ?? []));
  return reached === possible.length
    ? []
    : [
        {
          path: ['approval', 'otherwise', 'each_group'],
          message: `${otherwise.each_group} from each of ${from} cannot be: a person speaks for one group only, and they share too many`,
        },
      ];
};

/**
 * Who signs needs a key: a policy that nobody can meet would let every run expire. A revoked one will do here: what is
 * lost must be revocable at once, whoever is left.
 */
export const signersHaveKeys: Check = ({ approval: { otherwise } }, hone) => {
  if (hone === undefined || otherwise.identity !== 'signed') return [];
  const people = [...new Set(otherwise.from.flatMap((name) => hone.groups[name] ?? []))];
  const usable = people.filter((name) => (hone.people?.[name]?.keys.length ?? 0) > 0);
  if (usable.length >= otherwise.approvers) return [];
  return [
    {
      path: ['approval', 'otherwise', 'identity'],
      message: `signed decisions of ${otherwise.approvers} people are needed, but ${usable.length} of ${otherwise.from.join(' and ')} have a key`,
      hint: 'each of them runs `hone identity enrol <name>`; the key goes into config/hone.yaml',
    },
  ];
};

export const escalationComesInTime: Check = ({ approval: { otherwise } }) =>
  otherwise.escalate === 'never' || durationMs(otherwise.escalate.after) < durationMs(otherwise.deadline)
    ? []
    : [
        {
          path: ['approval', 'otherwise', 'escalate', 'after'],
          message: `must come before the deadline, ${otherwise.deadline}; read ${otherwise.escalate.after}`,
        },
      ];

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

/** Labels seen only for some decisions make every figure one about those decisions, unless the chance is known. */
export const selectiveLabelsAreDecidedByPeople: Check = ({ data, gate, approval }) =>
  data.selective_labels && gate.weights.propensity === null && approval.auto !== 'never'
    ? [
        {
          path: ['approval', 'auto'],
          message: 'data.selective_labels: true forbids automatic approval',
          hint: 'write auto: never, or name the logged chance under gate.weights.propensity',
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
