/** How a label as it is sent becomes the number that is kept: one mapping for every door. */

export interface LabelScale {
  readonly task: 'binary' | 'multiclass' | 'regression';
  /** Binary: the value that counts as 1; null is 1. */
  readonly positive: string | number | boolean | null;
  /** Multiclass: in signature order. */
  readonly classes: readonly (string | number)[];
}

/** Multiclass: position of the class. Regression: the number. Binary: 1 for `positive`, else 0. */
export function labelValue(
  sent: string | number | boolean,
  scale: LabelScale,
): { readonly value: number } | { readonly problem: string } {
  const { task, positive, classes } = scale;
  if (task === 'binary') return binaryValue(sent, positive ?? 1);
  if (task === 'multiclass') {
    const position = classes.findIndex((name) => String(name) === String(sent));
    if (position >= 0) return { value: position };
    return { problem: `one of the classes is needed: ${classes.slice(0, 20).join(', ')}` };
  }
  return typeof sent === 'number' && Number.isFinite(sent) ? { value: sent } : { problem: 'a number is needed' };
}

/** 1 for `positive`, as a value or as text, else 0; where that is 1 or true, what is neither 0 nor 1 is refused. */
function binaryValue(sent: string | number | boolean, positive: string | number | boolean) {
  const text = String(sent);
  if (positive !== 1 && positive !== true) return { value: Number(text === String(positive)) };
  if (text === '1' || text === 'true') return { value: 1 };
  if (text === '0' || text === 'false') return { value: 0 };
  return { problem: '0 or 1 is needed' };
}
