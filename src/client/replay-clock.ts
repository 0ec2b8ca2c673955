/** Moving the clock of a replay: forward only, because ledgers know no going back. */
import { openLedger } from '../registry/ledger.ts';
import { listModels } from '../registry/models.ts';
import { logicalTime, setLogicalClock } from '../store/clock.ts';
import { ClockBackwards } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * @returns where it stood; null before the first time
 * @throws ClockBackwards where it stands later already, or a ledger has an entry of a later time
 */
export async function moveReplay(store: ObjectStore, to: string): Promise<{ from: string | null }> {
  const from = await logicalTime(store);
  const heads = await Promise.all((await listModels(store)).map(async (model) => openLedger(store, model).head()));
  const latest = [from, ...heads.map((head) => head?.as_of ?? null)]
    .filter((one) => one !== null)
    .sort()
    .at(-1);
  if (latest !== undefined && Date.parse(to) < Date.parse(latest)) throw new ClockBackwards(to, latest);
  await setLogicalClock(store, to);
  return { from };
}
