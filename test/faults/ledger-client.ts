/** A client of a ledger as a process of its own, so that it can be killed: `ledger-client.ts <store> <name> <count> <seed>`. */
import { openLedger } from '../../src/registry/ledger.ts';
import { openStore } from '../../src/store/open-store.ts';
import { playClient } from './ledger-history.ts';

const [uri = '', name = '', count, seed] = process.argv.slice(2);
const store = openStore(uri);
await playClient(
  () => openLedger(store, 'flights-delay'),
  { name, count: Number(count), seed: Number(seed) },
  (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`),
);
