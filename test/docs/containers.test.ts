/** Dockerfile and compose file, held against the files that they name and the rules that they promise. No engine is needed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../config/workspace.ts';
import { read } from './pages.ts';

const lines = read('Dockerfile').replaceAll(/\\\n/g, ' ').split('\n');
const instructions = (name: string) =>
  lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());

interface Service {
  readonly image: string;
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly secrets: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
}
const compose = parse(read('compose.yaml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file?: string }>;
};
const services = Object.entries(compose.services);

test('the image runs as nobody in particular, names its base by version, and says how it is', () => {
  expect(instructions('USER').at(-1)).toBe('1000:1000');
  expect(instructions('ARG')).toContainEqual(expect.stringMatching(/^NODE_IMAGE=node:20\.\d+\.\d+-[a-z-]+$/));
  expect(instructions('FROM')).toEqual([`\${NODE_IMAGE} AS packages`, `\${NODE_IMAGE}`]);
  expect(instructions('HEALTHCHECK').join()).toContain('/app/bin/hone.mjs');
  expect(lines.filter((line) => /secret|token|password/i.test(line))).toEqual([]);
});

test('programs that image and services name are in the project and reach the image', () => {
  const named = [read('Dockerfile'), read('compose.yaml')].flatMap((text) => [...text.matchAll(/\/app\/([\w./-]+)/g)]);
  const files = [...new Set(named.map(([, file = '']) => file))].filter((file) => !file.startsWith('node_modules'));
  expect(files.sort()).toEqual(['bin/hone.mjs', 'src/serving/main.ts', 'src/web/main.ts', 'src/worker.ts']);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  const taken = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  expect(taken.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  for (const needed of ['bin', 'src', 'trainers', 'config/defaults.yaml', 'package-lock.json'])
    expect(taken).toContain(needed);
});

test('every service is locked down, has its volumes and secrets declared, and is reached from this host only', () => {
  expect(services.map(([name]) => name)).toEqual(['worker', 'trainer', 'serving', 'web']);
  for (const [name, service] of services) {
    expect({ name, ...service }).toMatchObject({
      ...{ user: '1000:1000', read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
    });
    const volumes = service.volumes.map((one) => one.split(':')[0] ?? '').filter((one) => !one.startsWith('.'));
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(volumes));
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining([...service.secrets]));
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    if (service.ports) expect(service.healthcheck?.test[0]).toBe('CMD');
  }
  expect(services.map(([, { environment }]) => environment?.['HONE_WORKER_QUEUE'])).toEqual([
    ...['main', 'training'],
    ...[undefined, undefined],
  ]);
  expect(Object.values(compose.secrets).every(({ file }) => file !== undefined && !existsSync(join(ROOT, file)))).toBe(
    true,
  );
});
