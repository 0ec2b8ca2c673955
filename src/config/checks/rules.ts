/** Rules on data that contradict themselves, or that two lines of the file answer differently. */
import type { Check, Complaint } from './check.ts';

export const rangesAreOrdered: Check = ({ data }) =>
  data.rules.flatMap((rule, index): Complaint[] => {
    if (!('between' in rule) || rule.between[0] <= rule.between[1]) return [];
    const [least, most] = rule.between;
    return [
      {
        path: ['data', 'rules', index, 'between'],
        message: `no value lies between ${least} and ${most}`,
        hint: `write between: [${most}, ${least}]`,
      },
    ];
  });

export const columnsAreListedOnce: Check = ({ data }) => {
  const lists = data.rules.flatMap((rule, index) => ('columns' in rule ? [index] : []));
  return lists.slice(1).map((index) => ({
    path: ['data', 'rules', index, 'columns'],
    message: `data.rules[${lists[0]}] lists the columns already`,
    hint: 'a delivery has one list of columns',
  }));
};
