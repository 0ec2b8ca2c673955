/** The workflow file for GitHub Actions, and the commands of hone in it. */
import { parse as parseYaml } from 'yaml';
import { read } from './pages.ts';

export const FILE = 'examples/github-actions/hone.yml';
export const text = read(FILE);

interface Job {
  readonly env?: Record<string, string>;
  readonly steps: readonly { readonly name?: string; readonly run?: string; readonly env?: Record<string, string> }[];
}
const document = parseYaml(text) as { env: Record<string, string>; jobs: Record<'check' | 'deploy', Job> };

/** Of a job, in order: the words after `npx hone`, as its shell would part them. */
export function commandsOf(job: 'check' | 'deploy', variables: Record<string, string>): string[][] {
  const all: Record<string, string> = { ...document.env, ...variables };
  return document.jobs[job].steps.flatMap(({ run = '' }) =>
    [...run.matchAll(/^npx hone (.*?)(?: \| .*)?$/gm)].map(([, line = '']) =>
      (line.match(/(?:[^\s"]+|"[^"]*")+/g) ?? []).map((word) =>
        word.replaceAll('"', '').replaceAll(/\$([A-Z_]+)/g, (_, name: string) => all[name] ?? ''),
      ),
    ),
  );
}
