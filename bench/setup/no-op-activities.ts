/** Activities that do nothing, under the names of the real ones, in the real worker: what is left is orchestration. */
import type { Activities } from '../../src/activities/index.ts';
import type { Asked } from '../../src/activities/owner.ts';
import { runId } from '../../src/registry/state.ts';
import { type Answered, rememberAnswer } from '../../src/registry/trigger-answers.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { WorkerOptions } from '../../src/worker.ts';
import type { RunOrder } from '../../src/workflows/contract.ts';
import { MODEL } from './workspace.ts';

type Answers = { [name in keyof Activities]?: () => Awaited<ReturnType<Activities[name]>> };

export interface NoOps {
  readonly interceptors: NonNullable<WorkerOptions['interceptors']>;
  endAs(ending: 'promoted' | 'rejected_by_gate'): void;
  /** The next run has begun: its first activity was asked for. */
  begun(): Promise<void>;
  /** Activities of runs, the owner's not among them, since it was asked last. */
  count(): number;
}

/** The owner's own: it counts as part of the path, not as an activity of the run. */
const OWNERS = ['recallOwner', 'considerTriggers', 'publishAnswers'];

/** @param store where the owner's answers are left for who asked */
/** The nth trigger starts this one. */
export const runOf = (n: number) => `${MODEL}-${String(n).padStart(6, '0')}`;

export function doesNothing(store: ObjectStore): NoOps {
  let asked = '';
  let runs = 0;
  let activities = 0;
  let ending = 'promoted';
  let begin = () => {};
  const digest = 'f'.repeat(64);
  const rows = { digest, rows: 1, kind: 'raw' } as never;
  const answers: Answers = {
    recallOwner: () => ({ activeRun: null, mergeWindowMs: 0, waiting: null }),
    considerTriggers: () => {
      const run = runOf(++runs);
      const answers = [{ answer: 'started', run, reason: 'a benchmark' }] as const;
      return { order: orderOf(run), answers, waiting: null, activeRun: run, decision: digest };
    },
    ingest: () => rows,
    validate: () => ({ verdict: 'accept', accepted: rows, report: digest, sentence: '' }) as never,
    features: () => rows,
    train: () => ({ key: 'none', metrics: {} }),
    register: () => ({ version: 1 }),
    evaluate: () => digest,
    gate: () => ({
      ...{ verdict: ending === 'promoted' ? 'pass' : 'fail', as: 'first', sentence: 'as the benchmark wants it' },
      ...{ digest, lookAgain: '2013-04-02T00:00:00Z' },
    }),
    packet: () => ({
      ...{ digest, sentence: '', markdown: '', document: digest },
      automatic: { kind: 'approved', by: ['policy'], comment: 'a benchmark' },
      ...{ facts: FACTS, warnings: [] },
    }),
    checkRollout: () => ({ seq: 1, first: true }),
    watchRollout: () => ({ verdict: 'advance', sentence: '' }),
    startProbation: () => 'none',
    rejectVersions: () => ({ result: 'nothing_to_do', sentence: '' }),
  };
  return {
    interceptors: {
      activity: [
        ({ info: { activityType } }) => ({
          inbound: {
            async execute(input, next) {
              if (activityType === 'ingest') begin();
              if (!OWNERS.includes(activityType)) activities++;
              // The run's report to its owner is part of the path that is measured.
              if (activityType === 'reportRunFinished') return await next(input);
              if (activityType === 'considerTriggers') asked = (input.args[1] as Asked).arrived[0]?.eventId ?? '';
              if (activityType === 'publishAnswers') return await rememberAnswer(store, MODEL, asked, answerOf(runs));
              return answers[activityType as keyof Activities]?.();
            },
          },
        }),
      ],
    },
    begun: () =>
      new Promise((done) => {
        begin = done;
      }),
    endAs(wanted) {
      ending = wanted;
    },
    count() {
      const counted = activities;
      activities = 0;
      return counted;
    },
  };
}

const FACTS = {
  basis: { champion: null, config: 'none', policy: 'none' },
  policy: { run: 'none', approvers: 1, people: ['ana'], excluded: [] },
  escalation: [],
  frozen: null,
  window: null,
};

function answerOf(number: number): Answered {
  const [run, at] = [runId(MODEL, number), new Date().toISOString()];
  return { trigger: {}, answer: 'started', run, reason: 'a benchmark', decided: true, at };
}

function orderOf(run: string): RunOrder {
  const ref = { model: MODEL, run, as_of: '2013-04-01T00:00:00Z', config: 'none', trigger: 'manual', seq: 1 };
  const otherwise = {
    ...{ approvers: 1, from: ['ops-ml'], each_group: 0, deadline: 'P1D', exclude_starter: true, exclude_editor: true },
    ...{ on_expiry: 'reject' as const, identity: 'asserted' as const, remind: [], escalate: 'never' as const },
  };
  return {
    ref,
    plan: {
      ...{ task: 'binary', tier: 'standard', refit: 'none', trainingWallClock: 'PT1H', clock: 'logical' },
      onInconclusive: { wait_for_labels: 'P1D', then: 'keep_champion' },
      approval: { auto: 'never', otherwise, break_glass: 'never' },
      approvers: ['ana'],
      deploy: { canary: { steps: [100] } } as unknown as RunOrder['plan']['deploy'],
    },
    policyVersion: 2,
    reasons: [{ kind: 'manual', reason: 'a benchmark', by: 'kim' }],
    reasonCount: 1,
    starters: ['kim'],
  };
}
