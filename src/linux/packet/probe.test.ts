import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, probePacket } from './probe.ts';

const MAC = { from: '02:00:00:00:00:01', to: '02:00:00:00:00:02' };

test('the checksum of SCTP is CRC32c', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('frames have their headers', () => {
  const four = probePacket(
    { protocol: 'tcp', source: '198.51.100.2', destination: '198.51.100.1', sourcePort: 50_000, port: 80 },
    MAC,
  );
  assert.equal(four.subarray(0, 14).toString('hex'), '0200000000020200000000010800');
  assert.equal(four.length, 14 + 20 + 24);
  const six = probePacket(
    { protocol: 'udp', source: '2001:db8::2', destination: '2001:db8::1', sourcePort: 50_000, port: 53 },
    MAC,
  );
  assert.equal(six.subarray(12, 16).toString('hex'), '86dd6000');
  assert.equal(six.length, 14 + 40 + 8);
  assert.throws(
    () => probePacket({ protocol: 'tcp', source: 'x', destination: '::1', sourcePort: 1, port: 1 }, MAC),
    { kind: 'invalid' },
  );
});
