/** Who made the rows: what the delivery itself says (`_producer.json`), else the model file, else nobody. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Source } from '../../config/sections/sources.ts';
import { parseJson } from '../../json.ts';
import { type RawSnapshot, rawSnapshot } from '../contract.ts';
import { engineVersion } from '../engine.ts';
import { SourceUnreadable } from './errors.ts';

export type Producer = RawSnapshot['producer'];

const FILE = '_producer.json';
const ENGINE = 'duckdb';

/**
 * @param folder of the delivery
 * @throws SourceUnreadable when the file is there but does not say `{"name": …, "version": …}`
 */
export async function producerOf(source: Source, folder: string): Promise<Producer> {
  return (await readProducer(join(folder, FILE))) ?? source.producer ?? { name: ENGINE, version: engineVersion };
}

/** The producer that a delivery or the model file named; null where the manifest only knows hone's own engine. */
export function declaredProducer({ producer }: Pick<RawSnapshot, 'producer'>): Producer | null {
  return producer.name === ENGINE ? null : producer;
}

async function readProducer(path: string): Promise<Producer | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = z.preprocess(parseJson, rawSnapshot.shape.producer).safeParse(text);
  if (parsed.success) return parsed.data;
  const cure = 'Write {"name": "…", "version": "…"}, both as text.';
  throw new SourceUnreadable(path, 'it does not name a producer and its version', cure);
}
