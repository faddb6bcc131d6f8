import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bandwidthOf, parseRate } from './bandwidth.ts';

test('rates are what tc(8) takes them for: bits, or bytes with bps', () => {
  assert.equal(parseRate('10mbit'), 1_250_000);
  assert.equal(parseRate('1.5Gbit'), 187_500_000);
  assert.equal(parseRate('500kbps'), 500_000);
  assert.equal(parseRate('1mibit'), 131_072);
  assert.equal(parseRate('80000'), 10_000);
  for (const bad of ['', 'fast', '-1mbit', '10 m', '1e6', '10mbit/s', '1bit', '999999tbps'])
    assert.throws(() => parseRate(bad), /invalid bandwidth/, bad);
  assert.deepEqual(bandwidthOf({ 'bandwidth-out': '8mbit', other: 'x' }), { out: 1_000_000 });
});
