/** A notice as any, and a ledger entry in its state. */
import type { Notice } from '../../src/notifications/contract.ts';

export const noticeOf = (more: Partial<Notice> = {}): Notice => ({
  ...{ contract: 1, model: 'flights-delay', seq: 1, id: 'flights-delay/ledger/7', type: 'promoted', severity: 'info' },
  ...{ as_of: '2013-04-10T06:00:00.000Z', thread: 'flights-delay-000003', run: 'flights-delay-000003' },
  sentence: 'flights-delay: version 7 promoted (better) (ana). The gate passed.',
  ...more,
});
