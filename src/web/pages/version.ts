/** A version: its figures, its card, what it was made of, and where it is used. */
import { z } from 'zod';
import type { MetricName } from '../../config/model.ts';
import type { Judgement } from '../../gate/read-judgements.ts';
import { judgementsOf } from '../../gate/read-judgements.ts';
import { figure } from '../../gate/wording.ts';
import { changeText } from '../../registry/change-text.ts';
import type { LedgerEntry } from '../../registry/contract.ts';
import { type Lineage, lineage } from '../../registry/lineage.ts';
import { readAttestation, readVersion } from '../../registry/versions.ts';
import { readNodes } from '../../serving/nodes.ts';
import { type Content, type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { count } from '../parts/numbers.ts';
import { actorName, prose, shortDigest } from '../parts/prose.ts';
import { badge, details, facts, table } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import { versionTone } from '../parts/tones.ts';
import type { Sources } from '../sources.ts';

const card = z.looseObject({ markdown: z.string() });

/** @throws VersionMissing, ObjectCorrupt */
export async function versionPage(sources: Sources, model: string, version: number): Promise<Page> {
  const { store } = sources;
  await sources.knownLedger(model);
  const origin = await lineage(store, model, version);
  const [manifest, entries, written, judged, nodes] = await Promise.all([
    readVersion(store, model, version, origin.manifest),
    sources.entries(model),
    readAttestation(store, model, version, 'model-card', card),
    judgementsOf(store, model, [{ version: origin.twin ?? version }]),
    readNodes(store),
  ]);
  const serving = nodes.filter(({ models }) => models[model]?.loaded.includes(version));
  const champion = entries.at(-1)?.state.aliases.champion?.version;
  return {
    title: `${model}, version ${version}`,
    model,
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
    sentence: html`${badge(origin.status, versionTone(origin.status))} ${sentenceOf(origin, serving.length)}`,
    body: html`${champion !== undefined && champion !== version && html`<p><a class="button" href="/models/${model}/compare?a=${version}&amp;b=${champion}">Compare with version ${champion}, which is live</a></p>`}
${figures(judged.at(-1), manifest.metrics, origin)}
${written && html`<section aria-labelledby="card"><h2 id="card">Model card</h2>${details('Read it', html`<pre>${written.markdown}</pre>`)}</section>`}
${madeOf(origin)}
<section aria-labelledby="used"><h2 id="used">Where it is used</h2>${facts([
      ['Aliases', origin.aliases.join(', ') || 'none'],
      ['Loaded by', serving.map(({ node }) => node).join(', ') || 'no prediction server'],
      ['Inputs', `${manifest.signature.numeric.length} numbers, ${manifest.signature.categorical.length} categories`],
    ])}${details('Names of its inputs', html`<p>${[...manifest.signature.numeric, ...manifest.signature.categorical].join(', ')}</p>`)}
${details('Files', table({ caption: 'Files, by content', head: ['File', 'Bytes', 'SHA-256'], rows: manifest.files.map(({ name, bytes, sha256 }) => [name, count(bytes), shortDigest(sha256)]), numeric: [1] }))}</section>
${happened(origin, entries)}`,
  };
}

function sentenceOf({ status, aliases, twin, refit, run, fit_end }: Lineage, servers: number): string {
  const is = {
    production: `It answers predictions${servers > 0 ? ` on ${servers} ${servers === 1 ? 'server' : 'servers'}` : ''}.`,
    staging: 'It passed the gate and was approved, and does not answer predictions now.',
    dev: 'It is registered and not approved.',
    rejected: 'It was found worse or rejected, and does not answer predictions.',
    archived: 'It has answered predictions before.',
  }[status];
  const named = aliases.length > 0 ? ` It is ${aliases.join(' and ').replaceAll('_', ' ')}.` : '';
  const made = ` Made by ${run ?? 'an import'}${fit_end === null ? '' : `, fitted on events up to ${utc(fit_end)}`}.`;
  return `${is}${named}${made}${refit === 'full' ? ` It is the full refit of version ${twin}, whose figures these are.` : ''}`;
}

function figures(judged: Judgement | undefined, own: Readonly<Record<string, number>>, { model }: Lineage): Html {
  const head = html`<h2 id="figures">Figures</h2>`;
  if (judged === undefined)
    return html`<section aria-labelledby="figures">${head}${table({
      caption: 'The trainer’s own figures on its validation rows; the gate has not judged it',
      head: ['Metric', 'Value'],
      rows: Object.entries(own).map(([name, value]) => [name, Number(value.toPrecision(4))]),
      numeric: [1],
    })}</section>`;
  const { evaluation, report } = judged;
  const rows = (Object.keys(evaluation.models.candidate.metrics) as MetricName[]).map((metric): Content[] => {
    const value = evaluation.models.candidate.metrics[metric];
    const between =
      value?.lower == null ? 'not known' : `${figure(metric, value.lower)} to ${figure(metric, value.upper)}`;
    return [
      `${metric}${metric === evaluation.primary ? ' (primary)' : ''}`,
      figure(metric, value?.estimate ?? null),
      between,
    ];
  });
  return html`<section aria-labelledby="figures">${head}<p>${prose(report.sentence)}</p>${table({
    caption: `On ${count(evaluation.rows)} rows of the holdout, with 95 % bounds`,
    head: ['Metric', 'Value', 'Bounds'],
    rows,
    numeric: [1, 2],
  })}${evaluation.models.champion?.version != null && html`<p><a href="/models/${model}/versions/${evaluation.models.champion.version}">Version ${evaluation.models.champion.version}</a> was judged on the same rows.</p>`}</section>`;
}

function madeOf(origin: Lineage): Html {
  const short = (digest: string | null) => (digest === null ? 'none (imported)' : shortDigest(digest));
  const { geometry, run, model } = origin;
  const days = (part: { from: string; to: string }) => `${utc(part.from)} to ${utc(part.to)}`;
  return html`<section aria-labelledby="made"><h2 id="made">What it was made of</h2>${facts([
    ['Run', run === null ? 'imported' : html`<a href="/runs/${run}">${run}</a> (${origin.trigger})`],
    ['As of', utc(origin.as_of)],
    ['Raw snapshot', short(origin.raw)],
    ['Feature snapshot', short(origin.features)],
    ['Feature definition', short(origin.definition)],
    ['Configuration', short(origin.config)],
    ['Code', html`${shortDigest(origin.commit)}${origin.dirty && ', with uncommitted changes'}`],
    ['Trainer', `${origin.trainer.name}, seed ${origin.seed}`],
    [
      'Parameters',
      Object.entries(origin.params)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ') || 'none',
    ],
    ...(geometry === null
      ? []
      : ([
          ['Trained on', days(geometry.train)],
          ['Validated on', days(geometry.validation)],
          ['Judged on', days(geometry.holdout)],
        ] as const)),
    [
      'Twin',
      origin.twin === null
        ? 'none: what was judged is served'
        : html`<a href="/models/${model}/versions/${origin.twin}">judged as version ${origin.twin}</a>`,
    ],
    ['Packet', short(origin.packet)],
    ['Manifest', short(origin.manifest)],
    ['Approvals', `${origin.approvals.length}`],
  ])}</section>`;
}

function happened({ model, ledger }: Lineage, entries: readonly LedgerEntry[]): Html {
  const rows = ledger.toReversed().flatMap(({ seq, as_of, actor, why }) => {
    const entry = entries[seq - 1];
    return entry === undefined ? [] : [[changeText(entry.change), actorName(actor), prose(why), utc(as_of)]];
  });
  return html`<section aria-labelledby="happened"><h2 id="happened">What happened to it</h2>${table({
    caption: 'Entries of the ledger that concern it or its run, newest first',
    head: ['Change', 'By', 'Why', 'As of'],
    rows,
  })}<p><a href="/models/${model}/ledger">All of the ledger</a></p></section>`;
}
