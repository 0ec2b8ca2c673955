/** Whether a delivery has the columns that the model file gives a role, in types that can play it. */
import type { ModelConfig } from '../../config/model.ts';
import type { Finding } from '../contract.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import { isNumeric, isTime } from './column-types.ts';
import { guessRename } from './rename.ts';
import { epochUnit, namedColumns } from './shape.ts';
import { showName, showNames } from './shown.ts';

type Columns = readonly { readonly name: string; readonly type: string }[];

/** Without these nothing else can be judged: all findings reject. @param relation the rows as they were delivered */
export async function roleFindings(
  db: Connection,
  config: ModelConfig,
  relation: string,
  columns: Columns,
): Promise<Finding[]> {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const [counted] = await rowsOf(db, `SELECT count(*) AS n FROM ${relation}`);
  const rows = Number(counted?.['n']);
  const finding = (rule: string, column: string, limit: string, sentence: string): Finding => {
    return { rule, column, severity: 'reject', count: rows, share: 1, limit, examples: [], sentence };
  };
  const findings: Finding[] = [];
  for (const { column, role, expected } of rolesOf(config)) {
    const type = types.get(column);
    if (type === undefined) {
      const candidates = columns.filter(({ name }) => !namedColumns(config).has(name));
      const guess = await guessRename(
        db,
        { name: column, type: expected === 'id' ? null : expected, holds: null },
        candidates,
        relation,
        null,
      );
      const what = `The delivery has no column ${showName(column)}, which is ${role}`;
      const sentence = guess
        ? `${what}; it looks renamed to ${showName(guess.name)} (${guess.why}). Rename it back in the source, or in the model file.`
        : `${what}. It has: ${showNames([...types.keys()])}. Restore it in the source, or correct the model file (capitals count).`;
      findings.push(finding(guess ? 'column_renamed' : 'column_missing', column, 'present', sentence));
    } else if (expected === 'TIMESTAMPTZ' && isNumeric(type)) {
      const [found] = await rowsOf(db, `SELECT median(${quoteName(column)})::DOUBLE AS middle FROM ${relation}`);
      const unit = epochUnit(Number(found?.['middle']));
      const how = unit === null ? 'which says no unit' : `and its values look like ${unit} since 1970`;
      const sentence = `Column ${showName(column)} is ${role}, but it is ${type}, ${how}. Deliver a timestamp or ISO 8601 text in UTC, or cast it with a source of type sql.`;
      findings.push(finding('type', column, 'timestamp', sentence));
    } else if (expected === 'TIMESTAMPTZ' && !isTime(type) && type !== 'VARCHAR') {
      const sentence = `Column ${showName(column)} is ${role}, but it is ${type}. Deliver a timestamp or ISO 8601 text in UTC.`;
      findings.push(finding('type', column, 'timestamp', sentence));
    } else if (expected === 'id' && /^(FLOAT|DOUBLE)$/.test(type)) {
      const sentence = `Column ${showName(column)} is ${role}, but it is ${type}, which cannot keep integers beyond 2^53 apart. Deliver it as integer or text.`;
      findings.push(finding('type', column, 'integer or text', sentence));
    }
  }
  return findings;
}

function rolesOf({ data }: ModelConfig): { column: string; role: string; expected: 'TIMESTAMPTZ' | 'id' | null }[] {
  const { label } = data;
  return [
    { column: data.event_time, role: 'data.event_time', expected: 'TIMESTAMPTZ' as const },
    { column: data.id, role: 'data.id', expected: 'id' as const },
    ...(data.entity === null ? [] : [{ column: data.entity, role: 'data.entity', expected: 'id' as const }]),
    { column: label.column, role: 'data.label.column', expected: null },
    ...(label.available_at === null
      ? []
      : [{ column: label.available_at, role: 'data.label.available_at', expected: 'TIMESTAMPTZ' as const }]),
    ...data.outcomes.map((column) => ({ column, role: 'one of data.outcomes', expected: null })),
  ];
}
