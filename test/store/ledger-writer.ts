/** A process of its own that appends to a ledger and prints each effect once it is acknowledged. */
import { openLedger } from '../../src/registry/ledger.ts';
import { openStore } from '../../src/store/open-store.ts';
import { registration } from '../registry/requests.ts';

const [folder, name, count] = process.argv.slice(2);
const ledger = openLedger(openStore(`file:${folder}`), 'flights-delay');
for (let i = 0; i < Number(count); i++) {
  const { entry } = await ledger.append(registration(`${name}/${i}`));
  process.stdout.write(`${entry.effectId}\n`);
}
