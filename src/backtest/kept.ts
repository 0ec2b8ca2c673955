/** Reports that were kept for the pages: `models/<model>/backtests/<id>.json`, where ids sort by the time of keeping. */
import { digestOf, findDocument, putDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type BacktestReport, backtestReport } from './contract.ts';

/** @returns the id @throws StoreUnreachable */
export async function keepReport(store: ObjectStore, report: BacktestReport, now: Date): Promise<string> {
  const id = `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${digestOf(report).slice(0, 8)}`;
  await putDocument(store, keyOf(report.model, id), report);
  return id;
}

/** Newest first. @throws StoreUnreachable */
export async function keptIds(store: ObjectStore, model: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const key of store.list(`models/${model}/backtests/`)) ids.push(/([^/]+)\.json$/.exec(key)?.[1] ?? key);
  return ids.reverse();
}

/** Undefined where none of this id is kept. @throws ObjectCorrupt, StoreUnreachable */
export async function keptReport(store: ObjectStore, model: string, id: string): Promise<BacktestReport | undefined> {
  if (!/^\w{16}-[0-9a-f]{8}$/.test(id)) return undefined;
  return await findDocument(store, keyOf(model, id), backtestReport);
}

const keyOf = (model: string, id: string) => `models/${model}/backtests/${id}.json`;
