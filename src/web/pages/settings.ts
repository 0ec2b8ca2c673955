/** What a model runs by: every effective value, and the line of the file that set it. Changed in the file, never here. */
import { explain } from '../../config/explain.ts';
import { PageRefused } from '../errors.ts';
import { html } from '../html.ts';
import type { Page } from '../layout.ts';
import { many } from '../parts/numbers.ts';
import { prose } from '../parts/prose.ts';
import { table } from '../parts/table.ts';
import type { Sources } from '../sources.ts';

export async function settingsPage(sources: Sources, model: string): Promise<Page> {
  await sources.knownLedger(model);
  const { models } = sources.workspace;
  const loaded = models.get(model);
  if (loaded === undefined)
    throw new PageRefused(404, `No file under config/models names ${model} any more, so it has no settings.`);
  const values = explain(loaded);
  const own = values.filter((value) => value.own).length;
  const sections = new Map<string, (typeof values)[number][]>();
  for (const value of values) {
    const section = value.path.split(/[.[]/)[0] ?? value.path;
    sections.set(section, [...(sections.get(section) ?? []), value]);
  }
  return {
    title: `Settings of ${model}`,
    model,
    section: 'Settings',
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
    sentence: prose(
      `${many(values.length, 'value')}: ${own} from ${loaded.file}, the others from what it extends. They are changed in the file, then checked with \`hone config validate\` and made current with \`hone config apply\`.`,
    ),
    body: html`${[...sections].map(
      ([section, rows]) =>
        html`<section aria-labelledby="s-${section}"><h2 id="s-${section}">${section}</h2>${table({
          caption: `${section}: ${many(rows.length, 'value')}`,
          head: ['Setting', 'Value', 'Set in'],
          rows: rows.map(({ path, value, file, line }) => [
            html`<code>${path}</code>`,
            html`<code>${typeof value === 'string' ? value : JSON.stringify(value)}</code>`,
            `${file}:${line}`,
          ]),
        })}</section>`,
    )}`,
  };
}
