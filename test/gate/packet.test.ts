import { expect, test } from 'vitest';
import { packet as packetSchema } from '../../src/gate/contract.ts';
import { cardOf, modelCard } from '../../src/gate/model-card.ts';
import { replyJson, verifyPacket } from '../../src/gate/packet.ts';
import { packetMarkdown, packetText } from '../../src/gate/render.ts';
import { sections } from '../../src/gate/sections.ts';
import { digestOf } from '../../src/store/content.ts';
import { flights, town } from '../evaluation/flights.ts';
import { gate, HEX, manifest, packetOf } from './judged.ts';

const home = town();
const one = { on: home, candidate: home.scores(0.2), champion: home.scores(0.9, { seed: 2 }) };

test('a packet names everything that the decision rests on, and its digest covers all of it', async () => {
  const packet = await packetOf(one);
  expect(packetSchema.parse(packet)).toEqual(packet);
  expect(packet).toMatchObject({
    question: 'Replace version 6 of flights-delay by version 8, starting at 5 % of traffic?',
    candidate: { judged: { version: 7, manifest: digestOf(manifest(7)) }, served: { version: 8 }, refit: 'full' },
    champion: { version: 6 },
    rollback_to: 6,
    data: { raw: HEX, features: HEX, definition: HEX },
    provenance: { config: HEX, seed: 7 },
  });
  expect(packet.candidate.sentence).toContain('the refit itself was never scored on the holdout');
  expect(packet.changed).toEqual([
    { what: 'seed', from: '3', to: '7' },
    { what: 'parameter num_leaves', from: '15', to: '31' },
  ]);
  expect(packet.short).toBe(packet.digest.slice(0, 8));
  expect(JSON.parse(replyJson(packet))).toEqual({ packet: packet.short, by: '<you>', comment: '…' });
  expect((await packetOf(one)).digest).toBe(packet.digest);
  verifyPacket(packet);
});

test('whatever is changed in a packet, its digest no longer fits', async () => {
  const packet = await packetOf(one);
  const altered = [
    { ...packet, rollback_to: 5 },
    { ...packet, gate: { ...packet.gate, warnings: ['new'] } },
    { ...packet, candidate: { ...packet.candidate, served: { ...packet.candidate.served, version: 9 } } },
    { ...packet, short: '00000000' },
  ];
  for (const copy of altered)
    expect(() => verifyPacket(copy)).toThrow(expect.objectContaining({ code: 'HONE_PACKET_ALTERED' }));
  const other = await packetOf({ ...one, changes: { gate: { floors: { roc_auc: 0.61 } } } });
  expect(other.provenance.policy).not.toBe(packet.provenance.policy);
});

test('the packet says what would change for people, at the threshold that the file names', async () => {
  const changes = { gate: { decision: { threshold: 0.3, alerts_per_day: 20 } } };
  const packet = await packetOf({ ...one, changes });
  expect(packet.evaluation.models.candidate.metrics.recall_at?.lower).toBeGreaterThan(0);
  expect(packetText(packet)).toMatch(
    /Decided at 0\.3, per 10,000: [\d,.]+ (more|fewer) caught \(95 % bounds \S+ to \S+\), [\d,.]+ (more|fewer) false alarms \(95 % bounds \S+ to \S+\) than the champion\./,
  );
});

test('Markdown and text show the same facts, with the JSON to copy at the end', async () => {
  const packet = await packetOf(one);
  const [markdown, text] = [packetMarkdown(packet), packetText(packet)];
  expect(Buffer.byteLength(markdown)).toBeLessThan(20_000);
  for (const shown of [markdown, text]) {
    for (const fact of [
      packet.question,
      packet.gate.sentence,
      packet.digest,
      packet.candidate.judged.manifest,
      replyJson(packet),
    ]) {
      expect(shown).toContain(fact);
    }
    for (const { title, lines } of sections(packet)) {
      expect(shown.toLowerCase()).toContain(title.toLowerCase());
      for (const line of lines.filter((each) => !/[*[\]<>\\]/.test(each))) expect(shown).toContain(line);
    }
  }
  // On the desk of a run the desk itself says how to decide, after the packet.
  const onDesk = packetMarkdown(packet, { onDesk: true });
  expect(onDesk).not.toContain('## Decide');
  expect(onDesk.trimEnd().endsWith(`Packet digest \`${packet.digest}\`.`)).toBe(true);
});

test('failed rules come first, as reasons against and in the list of rules', async () => {
  const packet = await packetOf({ ...one, candidate: home.scores(1.5) });
  expect(packet.recommendation).toBe('Reject: a rule of the gate failed.');
  expect(packet.reasons_against[0]).toContain('roc_auc');
  const rules = sections(packet).find(({ title }) => title === 'Rules')!;
  expect(rules.lines[0]).toMatch(/^FAILED primary/);
});

test('a huge packet stays under the limit and says what was left out', async () => {
  const packet = await packetOf(one, { findings: Array.from({ length: 10 }, () => 'long '.repeat(1200)) });
  const markdown = packetMarkdown(packet);
  expect(Buffer.byteLength(markdown)).toBeLessThan(20_000);
  expect(markdown).toContain('sections are left out here; `hone packet show flights-delay-000042` has them all.');
  expect(markdown).toContain(replyJson(packet));
});

test('values from data cannot become markup or terminal commands', async () => {
  const origin = home.rows.slices['origin']!.map((value) => (value === 'EWR' ? '<img src=x>|\u001b[2J' : value));
  const on = { ...home, rows: { ...home.rows, slices: { ...home.rows.slices, origin } } };
  const packet = await packetOf({ ...one, on });
  expect(packetMarkdown(packet)).not.toContain('<img');
  expect(packetText(packet)).not.toContain('\u001b');
});

test('a first version has no champion to replace and nothing to roll back to', async () => {
  const packet = await packetOf({ on: home, candidate: home.scores(0.2) });
  expect(packet.question).toBe('Put version 8 of flights-delay into production as its first version?');
  expect(packet.rollout).toMatchObject({ steps: [100] });
  expect(packetText(packet)).toContain('It takes all traffic at once');
  expect(packet).toMatchObject({ champion: null, rollback_to: null, changed: [] });
  expect(packet.recommendation).toBe('Approve if you accept the caution under "against"; every blocking rule passed.');
  expect(packetText(packet)).toContain('There is no version to roll back to.');
});

test('the model card says what the version is, how it was judged and what to beware of', async () => {
  const packet = await packetOf(one);
  const served = manifest(8, { refit: 'full', twin: 7, fit_end: '2013-04-15T00:00:00.000Z' });
  const card = modelCard(cardOf({ packet, manifest: served, config: await flights(), approvedBy: ['dana'] }));
  expect(card).toMatch(/^# flights-delay, version 8\n/);
  for (const part of [
    '## Details',
    'Approved by dana.',
    'its twin, version 7, was judged',
    '## Figures',
    '## Caveats',
    'No fairness limits were declared',
  ]) {
    expect(card).toContain(part);
  }
});

test('the packet shows calibration as a table with a plot, and how the candidate behaves', async () => {
  const example = (decision: number) => ({
    ...{ event_time: '2013-04-03T08:00:00.000Z', label: 1, features: { origin: 'EWR', dep_hour: '8' } },
    ...{ candidate: { score: 0.62, decision }, champion: { score: 0.4, decision: 1 - decision } },
  });
  const footprint = (bytes: number, importance: Record<string, number>) => ({
    ...{ bytes, latency_ms: { p50: 0.05, p99: 0.2, calls: 300 }, threshold: 0.5, importance },
  });
  const { report, judged } = await gate(one);
  const evaluation = {
    ...report,
    flip_examples: Array.from({ length: 20 }, (_, i) => example(i < 10 ? 1 : 0)),
    footprint: {
      candidate: footprint(225_280, { dep_hour: 0.7, origin: 0.2, dest: 0.1 }),
      champion: footprint(112_640, { dep_hour: 0.4, origin: 0.6 }),
    },
  };
  const packet = await packetOf(one, { evaluation, gate: judged });
  expect(packetSchema.parse(packet)).toEqual(packet);
  const byTitle = (title: string) => sections(packet).find((section) => section.title === title)!;
  const calibration = byTitle('Calibration').table!;
  expect(calibration.rows).toHaveLength(10);
  expect(calibration.rows.every((row) => /^[.sh*]{25}$/.test(row.at(-1)!))).toBe(true);
  expect(calibration.rows.some((row) => row.at(-1)!.includes('*'))).toBe(true);
  const behaviour = byTitle('Behaviour');
  expect(behaviour.lines).toEqual([
    'Decides as positive from 0.5 on, as the champion.',
    'Size 220 kB, champion 110 kB; one row takes 0.05 ms (p99 0.2), champion 0.05 ms (p99 0.2), where it was evaluated.',
    'Weight of features, largest changes: origin 60.0 % → 20.0 %, dep_hour 40.0 % → 70.0 %, dest 0.0 % → 10.0 %.',
  ]);
  expect(behaviour.table!.rows).toHaveLength(10);
  expect(behaviour.table!.rows[0]).toEqual(['2013-04-03 08:00', '0 (0.4)', '1 (0.62)', '1', 'origin EWR, dep_hour 8']);
  expect(Buffer.byteLength(packetMarkdown(packet))).toBeLessThan(20_000);
  expect(packetMarkdown(packet)).toContain('## Provenance');
});

test('a packet with every list at its longest stays under the limit, with the decision still in it', async () => {
  const long = 'a value of forty characters that goes on';
  const features = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`feature_with_a_long_name_${i}`, long]));
  const { report, judged } = await gate(one);
  const flip = { event_time: '2013-04-03T08:00:00.000Z', label: 1, features };
  const decided = { candidate: { score: 0.62, decision: 1 }, champion: { score: 0.4, decision: 0 } };
  const packet = await packetOf(one, {
    evaluation: { ...report, flip_examples: Array.from({ length: 20 }, () => ({ ...flip, ...decided })) },
    gate: {
      ...judged,
      rules: Array.from({ length: 200 }, () => judged.rules[0]!),
      warnings: Array(50).fill(long.repeat(9)),
    },
    findings: Array(10).fill(long.repeat(9)),
  });
  const markdown = packetMarkdown(packet);
  expect(Buffer.byteLength(markdown)).toBeLessThan(20_000);
  expect(markdown).toContain(replyJson(packet));
});
