/** How single values are spelt in configuration: durations, shares, margins. Strict: nothing is guessed or coerced. */
import { parse as parseIsoDuration } from 'iso8601-duration';
import { z } from 'zod';

const MS = { weeks: 604_800_000, days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000 } as const;

/**
 * Milliseconds of an ISO 8601 duration such as `PT10M` or `P7D`.
 *
 * @throws RangeError for anything else; years and months have no fixed length and are refused
 */
export function durationMs(text: string): number {
  let parts: ReturnType<typeof parseIsoDuration>;
  try {
    // The parser forgives a sign, spaces and an empty time part; a configuration file should not.
    if (!/^P[\dYMWDTHS.]*[YMWDHS]$/.test(text)) throw new RangeError(text);
    parts = parseIsoDuration(text);
  } catch {
    throw new RangeError(`"${text}" is not an ISO 8601 duration such as PT10M (ten minutes) or P7D (seven days)`);
  }
  if (parts.years || parts.months) {
    throw new RangeError(`"${text}" uses years or months, which have no fixed length; write days, such as P30D`);
  }
  const units = Object.keys(MS) as (keyof typeof MS)[];
  return units.reduce((total, unit) => total + (parts[unit] ?? 0) * MS[unit], 0);
}

/** An ISO 8601 duration, kept as written. */
export const duration = z
  .string()
  .superRefine((text, context) => {
    try {
      durationMs(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  })
  .meta({ title: 'duration' });

/** A share of one: `0.3` or `30%`. */
export const share = z
  .union([
    z.number().min(0).max(1),
    z
      .string()
      .regex(/^\d+(\.\d+)?%$/, 'a share is a number from 0 to 1, or a percentage such as 30%')
      .transform((text) => Number.parseFloat(text) / 100),
  ])
  .meta({ title: 'share' });

/** A margin on a metric: `0.01` (absolute, in the metric's unit) or `1%` (relative to the champion's value). */
export const margin = z
  .union([
    z
      .number()
      .nonnegative()
      .transform((value) => ({ kind: 'absolute' as const, value })),
    z
      .string()
      .regex(/^\d+(\.\d+)?%$/, 'a margin is a number such as 0.01, or relative such as 1%')
      .transform((text) => ({ kind: 'relative' as const, value: Number.parseFloat(text) / 100 })),
    z.strictObject({ kind: z.enum(['absolute', 'relative']), value: z.number().nonnegative() }),
  ])
  .meta({ title: 'margin' });
export type Margin = z.output<typeof margin>;

/** A factor: `2x`, or `2`. */
export const factor = z
  .union([
    z.number().positive(),
    z
      .string()
      .regex(/^\d+(\.\d+)?x$/, 'a factor is a number such as 2 or 2x')
      .transform((text) => Number.parseFloat(text)),
  ])
  .meta({ title: 'factor' });

/** `2 in 3`: how many of the last windows must agree before anything acts. */
export const windowsNeeded = z
  .union([
    z
      .string()
      .regex(/^[1-9]\d? in [1-9]\d?$/, 'write how many windows of how many, such as "2 in 3"')
      .transform((text) => {
        const [need, of] = text.split(' in ').map(Number) as [number, number];
        return { need, of };
      })
      .refine(({ need, of }) => need <= of, 'the first number may not exceed the second'),
    z.strictObject({ need: z.number().int().positive(), of: z.number().int().positive() }),
  ])
  .meta({ title: 'windows' });

/** `+20%`: a relative change, as a signed number (0.2). */
export const relativeChange = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^[+-]\d+(\.\d+)?%$/, 'write a relative change such as +20%')
      .transform((text) => Number.parseFloat(text) / 100),
  ])
  .meta({ title: 'relative change' });

/** A name that becomes part of keys, ids and paths. */
export const slug = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'use small letters, digits and single hyphens, starting with a letter')
  .max(60)
  .meta({ title: 'name' });

/** A column name as data may carry it; always quoted before it reaches SQL. */
export const columnName = z
  .string()
  .min(1)
  .max(128)
  .refine((name) => !['__proto__', 'constructor', 'prototype'].includes(name), 'this name is reserved')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  .refine((name) => !/[\u0000-\u001f]/.test(name), 'control characters are not allowed in names')
  .meta({ title: 'column' });
