// A thread for the tests of `Thread` and `IdleThread`.
import { notFound } from '#lib/errors';
import { serve } from '#lib/thread';

let calls = 0;

export type Counting = {
  count(): number;
  fail(): never;
  leave(): never;
};

const handlers: Counting = {
  count: () => ++calls,
  fail() {
    throw Object.assign(notFound('no such thing'), { code: 'ENOENT', args: ['a', 'b'], unsent: () => {} });
  },
  leave: () => process.exit(),
};

serve(handlers);
