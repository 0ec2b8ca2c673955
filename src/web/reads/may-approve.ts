/** What the desk would refuse, told before anybody tries. The desk itself decides; this only explains buttons. */
import type { RunStory } from '../../client/run-story.ts';
import type { ModelConfig } from '../../config/model.ts';
import { subjectOf } from '../../config/people.ts';

/** @returns why this person cannot decide; null where the desk would hear them */
export function mayNotApprove(
  name: string,
  { reasons, approvals }: RunStory,
  config: ModelConfig | undefined,
  groups: Readonly<Record<string, readonly string[]>>,
  kind: 'approve' | 'reject' | 'break_glass',
): string | null {
  if (config === undefined) return 'The file of this model is gone, so nobody is named to decide';
  const { otherwise, break_glass } = config.approval;
  const { from, escalate, exclude_starter } = otherwise;
  // Whether it has come to an escalation the desk knows: its people are not turned away here.
  const asked = [...from, ...(escalate === 'never' ? [] : escalate.to)];
  const people = [...new Set(asked.flatMap((group) => groups[group] ?? []))];
  const same = (other: string) => subjectOf(other) === subjectOf(name);
  if (kind === 'break_glass') {
    const alone = break_glass === 'never' ? [] : break_glass.from.flatMap((group) => groups[group] ?? []);
    return alone.some(same) ? null : `${name} may not break glass; only ${alone.join(', ') || 'nobody'} may`;
  }
  if (!people.some(same)) return `${name} is not an approver of this model; approvers: ${people.join(', ')}`;
  if (kind === 'reject') return null;
  if (exclude_starter && reasons.some(({ by }) => same(by)))
    return 'You started this run; somebody else has to approve it';
  return approvals.some(same) ? 'You have approved this packet already; once is enough' : null;
}
