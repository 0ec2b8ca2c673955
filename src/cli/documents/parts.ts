/** Words that the documents of the command line share. Objects are open: a later hone may add fields. */
import { z } from 'zod';

export const text = z.string();
export const count = z.number();
export const flag = z.boolean();
export const maybeText = text.nullable();
export const maybeCount = count.nullable();
export const open = z.looseObject;

/** A ledger that was written, or would be. */
export const written = { ledger_seq: count };
