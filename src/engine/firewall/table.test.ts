import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '#lib/log';
import { Table } from './table.ts';

/** A kernel in which another process owns the table for the first `refusals` attempts. */
function contested(refusals: number) {
  let attempts = 0;
  return {
    run: () => {},
    send: () => {},
    ownTable: () => {
      attempts++;
      if (attempts <= refusals) throw Object.assign(new Error('nft own table(t): EPERM'), { code: 'EPERM' });
      return true;
    },
    tableOwner: () => ({ pid: 42, name: 'other' }),
    attempts: () => attempts,
  };
}

test('a table is taken over from an engine that is just ending', async () => {
  const nft = contested(2);
  await new Table({ name: 't', nft, log: silentLogger }).claim();
  assert.equal(nft.attempts(), 3);
});

test('a table that another process keeps is refused by the name of its owner', async () => {
  const table = new Table({ name: 't', nft: contested(Number.POSITIVE_INFINITY), log: silentLogger });
  await assert.rejects(table.claim(0), {
    kind: 'conflict',
    message:
      /the nftables table inet t belongs to process 42 \(other\): stop that process, or use another --data-root/,
  });
});
