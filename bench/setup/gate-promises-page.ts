/** Writes the counted figures into docs/gate-promises.md: between its markers nothing is typed by hand. */
import type { GatePromises } from './gate-promises.ts';

/** What is kept beside the page, so that a test can hold the page against it. */
export interface KeptPromises {
  readonly date: string;
  readonly machine: string;
  readonly counted: GatePromises;
}

/** @returns the page with what stands between `<!-- counted: <name> -->` and `<!-- end -->` written anew */
export function withTables(page: string, kept: KeptPromises): string {
  const blocks = blocksOf(kept);
  return page.replace(/<!-- counted: (\w+) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const block = blocks[name];
    if (block === undefined) throw new RangeError(`nothing counted is called ${name}`);
    return `<!-- counted: ${name} -->\n${block}\n<!-- end -->`;
  });
}

function blocksOf({ date, machine, counted }: KeptPromises): Record<string, string> {
  return {
    run: `Run of ${date} on ${machine}; the shares do not depend on the load.`,
    worse: worseTable(counted),
    equal: equalTable(counted),
    fifty: fiftyTable(counted),
    planted: plantedTable(counted),
  };
}

const KIND = (clustered: boolean) => (clustered ? 'days move together' : 'independent rows');
const percent = (share: number, digits = 1) => (100 * share).toFixed(digits);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function worseTable({ worse, independent, draws }: GatePromises): string {
  const days = [...new Set(worse.map((one) => one.days))];
  const rows = [false, true].map((clustered) => [
    KIND(clustered),
    ...days.map((day) =>
      percent(worse.find((one) => one.clustered === clustered && one.days === day)?.promoted ?? Number.NaN),
    ),
  ]);
  const mean = worse.reduce((sum, { promoted }) => sum + promoted, 0) / worse.length;
  const error = (share: number, count: number) => 1.96 * Math.sqrt((share * (1 - share)) / count);
  const naive = independent.find(({ clustered }) => clustered)?.promoted ?? Number.NaN;
  return [
    table(['data', ...days.map((day, i) => `${day}${i === 0 ? ' days' : ''}`)], rows),
    '',
    `${percent(mean)} % over all ${worse.length} cells (±${percent(error(mean, draws.worse * worse.length))}); one cell is right to ±${percent(error(0.05, draws.worse))} (${draws.worse.toLocaleString('en-US')} draws each).`,
    `With rows taken as independent, ${percent(naive, 0)} % of them are promoted on 14 days that move together (${draws.independent} draws).`,
  ].join('\n');
}

function equalTable({ equal }: GatePromises): string {
  const days = [...new Set(equal.map((one) => one.days))];
  const margins = [...new Set(equal.map((one) => one.margin))];
  const rows = [false, true].flatMap((clustered) =>
    margins.map((margin) => [
      `${KIND(clustered)}, ${margin}`,
      ...days.map((day) => {
        const one = equal.find((cell) => cell.clustered === clustered && cell.margin === margin && cell.days === day);
        return one ? [one.pass, one.inconclusive, one.fail].map((share) => percent(share, 0)).join('/') : '';
      }),
    ]),
  );
  return table(['data and margin', ...days.map((day, i) => `${day}${i === 0 ? ' days' : ''}`)], rows);
}

function fiftyTable({ fifty }: GatePromises): string {
  const rows = fifty.map(({ anchored, promoted, lost_mean: mean, lost_most: most }) => [
    anchored ? 'with the anchor (`margin_to_anchor: 2x`)' : 'without it',
    promoted.toFixed(1),
    mean.toFixed(3),
    most.toFixed(3),
  ]);
  return table(['', 'promoted of 50', 'lost on average', 'lost at most'], rows);
}

function plantedTable({ planted }: GatePromises): string {
  const names = [...new Set(planted.map(({ name }) => name))];
  const cells = (name: string, clustered: boolean) => {
    const one = planted.find((each) => each.name === name && each.clustered === clustered);
    return one
      ? [percent(one.failed, 0), one.named === null ? '' : percent(one.named, 0), percent(one.promoted, 0)]
      : [];
  };
  const rule = (name: string) => planted.find((each) => each.name === name)?.rule;
  const rows = names.map((name) => [
    name,
    rule(name) ? `\`${rule(name)}\`` : '',
    ...cells(name, false),
    ...cells(name, true),
  ]);
  const each = ['fail', 'its rule', 'promoted'];
  return table(
    [
      'planted',
      'the rule that should fail',
      ...each.map((one) => `independent: ${one}`),
      ...each.map((one) => `days: ${one}`),
    ],
    rows,
  );
}
