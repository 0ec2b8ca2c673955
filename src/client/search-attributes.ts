/** Search attributes are made once per namespace, before the first run: without them a start is refused. */
import type { Connection } from '@temporalio/client';
import * as attributes from '../workflows/search-attributes.ts';
import type { HoneClient } from './connect.ts';

/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;

/** @returns names that were missing, and with `dryRun` still are */
export async function registerSearchAttributes(client: HoneClient, dryRun = false): Promise<string[]> {
  const temporal = await client.temporal();
  const { namespace } = temporal.options;
  const { operatorService } = temporal.connection as Connection;
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(attributes)
    .map(({ name }) => name)
    .filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length > 0 && !dryRun) {
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  }
  return missing;
}
