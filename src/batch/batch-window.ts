/** Which rows a scheduled batch scores: the source and the window that the model file names. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';

/** Without `deploy.batch`, the day of event times after `asOf` from `data.source`. */
const USUAL = { source: null, lookback: 'PT0S', horizon: 'P1D' } as const;

/** @returns the configuration with the batch's own source, and event times `[from, to)` */
export function batchWindow(
  config: ModelConfig,
  asOf: string,
): { readonly config: ModelConfig; readonly window: { readonly from: string; readonly to: string } } {
  const { source, lookback, horizon } = config.deploy.batch ?? USUAL;
  const at = Date.parse(asOf);
  const instant = (ms: number) => new Date(ms).toISOString();
  return {
    config: { ...config, data: { ...config.data, source: source ?? config.data.source } },
    window: { from: instant(at - durationMs(lookback)), to: instant(at + durationMs(horizon)) },
  };
}
