/** Why a model was retrained, and why it was not: the last decisions, dated. */
import { whyOf } from '../../monitoring/why.ts';
import { html } from '../html.ts';
import type { Page } from '../layout.ts';
import { prose } from '../parts/prose.ts';
import { table } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import type { Sources } from '../sources.ts';

const DECISIONS = 50;

export async function whyPage(sources: Sources, model: string): Promise<Page> {
  await sources.knownLedger(model);
  const { sentence, decisions } = await sources.shared(`why ${model}`, () => whyOf(sources.store, model, DECISIONS));
  return {
    title: `Why ${model} was retrained, and why not`,
    model,
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
    sentence: prose(sentence),
    body: table({
      caption: `The last ${decisions.length} decisions, newest first`,
      head: ['As of', 'What', 'Run', 'In words'],
      rows: decisions.map(({ at, what, run, sentence: said }) => [
        utc(at),
        what,
        run === null ? '–' : html`<a href="/runs/${run}">${run}</a>`,
        prose(said),
      ]),
      empty: 'Nothing was decided yet.',
    }),
  };
}
