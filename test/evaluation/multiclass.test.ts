/** Several classes: metrics against scikit-learn (`fixtures/multiclass.py`). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { MetricName } from '../../src/config/model.ts';
import { METRICS } from '../../src/evaluation/metrics.ts';

interface Case {
  name: string;
  classes: number;
  labels: number[];
  scores: number[];
  weights: number[] | null;
  values: Partial<Record<MetricName, number | null>>;
}
const { cases } = JSON.parse(readFileSync(new URL('./fixtures/multiclass.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

test.each(cases)('metrics of several classes equal scikit-learn: $name', ({ classes, labels, scores, ...rest }) => {
  for (const [name, expected] of Object.entries(rest.values) as [MetricName, number | null][]) {
    const value = METRICS[name].prepare({
      labels: Float64Array.from(labels),
      scores: Float64Array.from(scores),
      block: Int32Array.from(labels.keys()),
      ...{ blocks: labels.length, classes },
    })(Float64Array.from(rest.weights ?? labels.map(() => 1)));
    if (expected === null) expect(value, `${name} is undefined here`).toBeNaN();
    else expect(Math.abs(value - expected), `${name}: ${value} for ${expected}`).toBeLessThan(1e-9);
  }
});
