import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mentionsIn } from './mentions.ts';
import { spanOfCidr, spanOfPorts } from './span.ts';

test('addresses and ports of iptables-save', () => {
  const { four, six, ports } = mentionsIn([
    `# Generated
*filter
:INPUT DROP [12:3456]
-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 9090 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443,8000:8100 -j ACCEPT
-A INPUT -m iprange --src-range 192.0.2.1-192.0.2.9 -j DROP
-A INPUT -s fe80::/10 -m mac --mac-source 02:42:ac:11:00:02 -j ACCEPT
COMMIT`,
  ]);
  assert.deepEqual(
    four.map(({ name }) => name),
    ['10.0.0.0/8', '192.0.2.1-192.0.2.9'],
  );
  assert.deepEqual(four[0]?.span, spanOfCidr('10.0.0.0/8'));
  assert.deepEqual(
    six.map(({ name }) => name),
    ['fe80::/10'],
  );
  assert.deepEqual(
    ports.map(({ span }) => span),
    [spanOfPorts(9090), spanOfPorts(80), spanOfPorts(443), spanOfPorts(8000, 8100)],
  );
});

test('members of a named set go together, elements of maps and tuples do not', () => {
  const { four, ports } = mentionsIn([
    `table inet x {
	set blocked {
		type ipv4_addr
		size 65535
		flags interval,timeout
		elements = { 192.0.2.1, 192.0.2.7 timeout 1h expires 5m,
			     198.51.100.0/24 }
	}
	set pairs {
		type ipv4_addr . inet_service
		elements = { 203.0.113.1 . 80 }
	}
	map verdicts {
		type inet_service : verdict
		elements = { 22 : accept, 25 : drop }
	}
	chain c {
		type filter hook input priority 0; policy drop;
		ip saddr @blocked drop
		tcp dport { 53, 60-70 } accept
	}
}`,
    'create b hash:ip family inet\nadd b 192.0.2.50\nadd b 192.0.2.51',
  ]);
  assert.deepEqual(
    four.map(({ name }) => name),
    ['0 blocked', '0 blocked', '0 blocked', '203.0.113.1', '1 b', '1 b'],
  );
  assert.deepEqual(
    ports.map(({ name }) => name),
    ['80', '22', '25', '0', '53', '60-70'],
  );
});

test('any text is taken', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => void mentionsIn([text])),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(
      fc
        .array(
          fc.constantFrom(
            '1.2.3.4',
            '::1',
            '/33',
            '/129',
            '-',
            ':',
            '99999',
            '{',
            '\n',
            ' ',
            'set x {',
            '\t}',
          ),
        )
        .map((parts) => parts.join('')),
      (text) => void mentionsIn([text]),
    ),
  );
});
