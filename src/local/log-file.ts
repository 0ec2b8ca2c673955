/** Where the parts that `hone up` starts write what they log. */
import { join } from 'node:path';

export const logFileOf = (dir: string, part: string) => join(dir, '.hone', 'logs', `${part}.log`);
