/** `npm run soak -- [--minutes N] [--models N] [--seed N]`: exit code 0 where everything held, 1 otherwise. */
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    models: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const [minutes, models, seed] = [Number(values.minutes), Number(values.models), Number(values.seed)];
if (!(minutes > 0 && models >= 1 && Number.isInteger(models) && Number.isInteger(seed))) {
  console.error('Write numbers: npm run soak -- --minutes 10 --models 50 --seed 7');
  process.exit(2);
}

const started = Date.now();
const say = (text: string) => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);
const { problems, figures } = await soak({ minutes, models, seed, say });
console.log('');
for (const [name, value] of Object.entries(figures)) console.log(`${String(value).padStart(8)}  ${name}`);
console.log('');
for (const problem of problems) console.log(`PROBLEM ${problem}`);
const again = `npm run soak -- --minutes ${minutes} --models ${models} --seed ${seed}`;
console.log(
  problems.length === 0 ? `Everything held. Again: ${again}` : `${problems.length} problems. Again: ${again}`,
);
process.exit(problems.length === 0 ? 0 : 1);
