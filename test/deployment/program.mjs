// A deployment program: serves what a file says, misbehaves by the name of the call's key, and can do what `able.json` says:
// split, withdraw, and `fails`: keys with these words in them are answered as failed.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

const [, , folder, odd] = process.argv;
const file = `${folder}/serving.json`;
const call = JSON.parse(readFileSync(0, 'utf8'));
appendFileSync(
  `${folder}/calls.jsonl`,
  `${JSON.stringify({ ...call, odd, secret: process.env.SECRET ?? null, token: process.env.TOKEN ?? null })}\n`,
);
const say = (body) => process.stdout.write(JSON.stringify(body));

const able = existsSync(`${folder}/able.json`) ? JSON.parse(readFileSync(`${folder}/able.json`, 'utf8')) : {};

if (call.call === 'capabilities') say({ split: able.split ?? false, ...(able.withdraw && { withdraw: true }) });
else if (call.call === 'status')
  say(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { version: null, share: 0, healthy: true });
else if (able.fails && call.key.includes(able.fails)) {
  const answer = { contract: 'hone/deployment-answer/1', key: call.key, version: call.version };
  say({ ...answer, outcome: 'failed', reason: 'no machine is free' });
} else if (call.key.endsWith('refused')) {
  process.stderr.write('not on Fridays');
  process.exitCode = 65;
} else if (call.key.endsWith('busy')) process.exitCode = 1;
else if (call.key.endsWith('nonsense')) process.stdout.write('deployed!');
else if (call.key.endsWith('hangs')) {
  const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)']);
  writeFileSync(`${folder}/child.pid`, String(child.pid));
  setInterval(() => {}, 1000);
} else {
  writeFileSync(file, JSON.stringify({ version: call.version, share: call.share, healthy: true }));
  say({ contract: 'hone/deployment-answer/1', key: call.key, version: call.version, outcome: 'done' });
}
