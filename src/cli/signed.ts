/** Signs a decision with the person's key on this machine, where there is one that is enrolled. */
import type { DecisionMessage } from '../client/decisions.ts';
import { modelOfRun } from '../client/run-id.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';
import type { Services } from './services.ts';

/**
 * The message with the whole digest and a signature; as it was where this machine has no key of the person.
 *
 * @throws KeyNotEnrolled, KeyFileExposed, PacketAltered; UsageError when another packet is the newest by now
 */
export async function signed(
  context: CliContext,
  { store, workspace }: Pick<Services, 'store' | 'workspace'>,
  run: string,
  kind: 'approve' | 'reject',
  message: DecisionMessage,
): Promise<DecisionMessage> {
  const { identityFolder, savedKeys } = await import('../identity/keys.ts');
  const keys = await savedKeys(identityFolder(context.terminal.env), message.by);
  if (keys.length === 0) return message;
  const [{ enrolledName, inForce }, { KeyNotEnrolled }, { signDecision }, { packetOfRun }, { verifyPacket }] = [
    await import('../identity/enrolment.ts'),
    await import('../identity/errors.ts'),
    await import('../identity/sign.ts'),
    await import('../gate/read-packet.ts'),
    await import('../gate/packet.ts'),
  ];
  const people = workspace.hone.people ?? {};
  const enrolled = people[enrolledName(people, message.by) ?? '']?.keys.filter(inForce) ?? [];
  const key = keys.find(({ id }) => enrolled.some((one) => one.id === id));
  if (key === undefined) throw new KeyNotEnrolled(message.by, keys[0]?.id ?? '');

  const model = modelOfRun(run);
  const packet = await packetOfRun(store, model, run);
  if (!packet?.digest.startsWith(message.packet))
    throw new UsageError(
      `Packet ${message.packet.slice(0, 8)} is not the newest of ${run}${packet ? `, which is ${packet.short}` : ''}: nothing was signed or sent. Read it: hone packet show ${run}`,
    );
  // A signature is worth what its owner has seen: the content must be what the digest names.
  verifyPacket(packet);
  const { comment = null, break_glass = false, by } = message;
  const said = { model, run, packet: packet.digest, decision: kind, break_glass, comment, by };
  const signature = signDecision(key, said, new Date().toISOString());
  return { ...message, packet: packet.digest, signature };
}
