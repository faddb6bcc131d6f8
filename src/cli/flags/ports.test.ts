import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { collectPorts, parseExpose, parsePublish } from './ports.ts';

const one = (spec: string) =>
  parsePublish(spec).map(({ port, binding }) => [port, binding.HostIp, binding.HostPort]);

describe('--publish', () => {
  for (const [spec, expected] of [
    ['80', [['80/tcp', '', '']]],
    ['8080:80', [['80/tcp', '', '8080']]],
    ['8080:80/udp', [['80/udp', '', '8080']]],
    ['127.0.0.1:8080:80', [['80/tcp', '127.0.0.1', '8080']]],
    ['127.0.0.1::80', [['80/tcp', '127.0.0.1', '']]],
    ['[::1]:8080:80', [['80/tcp', '::1', '8080']]],
    ['[::1]::80', [['80/tcp', '::1', '']]],
    ['::1:8080:80', [['80/tcp', '::1', '8080']]],
    [
      '8000-8001:80-81',
      [
        ['80/tcp', '', '8000'],
        ['81/tcp', '', '8001'],
      ],
    ],
    ['8000-8010:80', [['80/tcp', '', '8000-8010']]],
    [
      '80-81/SCTP',
      [
        ['80/sctp', '', ''],
        ['81/sctp', '', ''],
      ],
    ],
    ['published=8080,target=80', [['80/tcp', '', '8080']]],
    ['target=80,protocol=udp,mode=host', [['80/udp', '', '']]],
    ['published=8000-8010,target=80', [['80/tcp', '', '8000-8010']]],
  ] as const) {
    it(spec, () => assert.deepEqual(one(spec), expected));
  }

  for (const [spec, message] of [
    ['x', 'invalid containerPort: x'],
    ['', 'no port specified: <empty>'],
    ['80:', 'no port specified: 80:<empty>'],
    ['x:80', 'invalid hostPort: x'],
    ['99999:80', 'invalid hostPort: 99999'],
    ['80:99999', 'invalid containerPort: 99999'],
    ['80/foo', 'invalid proto: foo'],
    ['1-2:3-5', 'invalid ranges specified for container and host Ports: 3-5 and 1-2'],
    ['2-1', 'invalid containerPort: 2-1'],
    ['300.0.0.1:80:80', 'invalid IP address: 300.0.0.1'],
    ['80:80:80:80', 'invalid IP address: 80:80'],
    ['published=80', "missing mandatory field 'target'"],
    ['target=80,foo=1', 'invalid field key: foo'],
    ['target=80,mode=x', "invalid publish mode value 'x'"],
    ['target=', 'invalid field: target='],
  ] as const) {
    it(`${JSON.stringify(spec)}: ${message}`, () =>
      assert.throws(() => parsePublish(spec), { kind: 'invalid', message }));
  }

  it('brings the bindings of a port together', () => {
    assert.deepEqual(collectPorts(['80:80', '[::1]:81:80', '53:53/udp']), {
      exposed: { '80/tcp': {}, '53/udp': {} },
      bindings: {
        '80/tcp': [
          { HostIp: '', HostPort: '80' },
          { HostIp: '::1', HostPort: '81' },
        ],
        '53/udp': [{ HostIp: '', HostPort: '53' }],
      },
    });
  });

  it('pairs ranges one to one', () => {
    const range = fc.tuple(
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1, max: 50 }),
    );
    fc.assert(
      fc.property(range, ([host, container, span]) => {
        const read = parsePublish(`${host}-${host + span}:${container}-${container + span}`);
        assert.equal(read.length, span + 1);
        for (const [i, { port, binding }] of read.entries()) {
          assert.deepEqual([port, binding.HostPort], [`${container + i}/tcp`, String(host + i)]);
        }
      }),
    );
  });
});

it('--expose', () => {
  assert.deepEqual(parseExpose('80'), ['80/tcp']);
  assert.deepEqual(parseExpose('7000-7002/udp'), ['7000/udp', '7001/udp', '7002/udp']);
  assert.throws(() => parseExpose('8080:80'), /invalid port format for --expose: 8080:80/);
  assert.throws(() => parseExpose('x'), /invalid range format for --expose: x/);
});
