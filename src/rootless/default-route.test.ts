import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasDefaultRoute } from './default-route.ts';

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
const NEAR = 'eth0\t00A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n';
const DEFAULT = 'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n';
const ZEROS = '0'.repeat(32);
const six = (next: string, device: string) =>
  `${ZEROS} 00 ${ZEROS} 00 ${next} 00000400 00000001 00000000 00000003     ${device}\n`;

test('a way to all other hosts, of either family', () => {
  assert.equal(hasDefaultRoute('', ''), false);
  assert.equal(hasDefaultRoute(HEAD + NEAR, six(ZEROS, 'lo')), false);
  assert.equal(hasDefaultRoute(HEAD + NEAR + DEFAULT, ''), true);
  assert.equal(hasDefaultRoute(HEAD, six(ZEROS, 'lo') + six('fe80'.padEnd(32, '0'), 'eth0')), true);
});
