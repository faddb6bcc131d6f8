import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Filters } from '#protocol';
import { csvFields } from './csv.ts';
import {
  parseDevice,
  parseDeviceCgroupRule,
  throttleBytes,
  throttleOperations,
  weightDevices,
} from './device.ts';
import { addFilter } from './filters.ts';
import { parseGpus } from './gpus.ts';
import { parseExtraHost, parseLink, parseMac, parseNetwork, parseSearchDomain } from './network.ts';
import { parseRestartPolicy } from './restart.ts';
import { parseSecurityOptions } from './security.ts';
import { parseCpus, swapSize } from './size.ts';
import { parseMoment } from './time.ts';
import { parseUlimit } from './ulimit.ts';

const refuses = (parse: (text: string) => unknown, cases: Readonly<Record<string, RegExp>>) => {
  for (const [text, message] of Object.entries(cases)) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => parse(text),
        (error: Error & { kind?: string }) => error.kind === 'invalid' && message.test(error.message),
      ));
  }
};

describe('--cpus', () => {
  it('is exact to the billionth', () => {
    assert.deepEqual(
      ['1', '0.5', '.25', '1.5', '1/4', '0.000000001'].map(parseCpus),
      [1e9, 5e8, 25e7, 15e8, 25e7, 1],
    );
  });
  refuses(parseCpus, {
    abc: /failed to parse abc as a rational number/,
    '': /rational/,
    '-1': /rational/,
    '1.0000000001': /too precise/,
  });
});

it('--memory-swap knows no limit', () => {
  assert.equal(swapSize('').accept('-1', undefined), -1);
  assert.equal(swapSize('').accept('1g', undefined), 2 ** 30);
});

describe('--ulimit', () => {
  it('has one limit or two', () => {
    assert.deepEqual(parseUlimit('nofile=10:20'), { Name: 'nofile', Soft: 10, Hard: 20 });
    assert.deepEqual(parseUlimit('core=-1'), { Name: 'core', Soft: -1, Hard: -1 });
    assert.deepEqual(parseUlimit('nofile=10:-1'), { Name: 'nofile', Soft: 10, Hard: -1 });
  });
  refuses(parseUlimit, {
    nofile: /invalid ulimit argument/,
    'foo=1': /invalid ulimit type: foo/,
    'nofile=2:1': /must be less than or equal/,
    'nofile=1:2:3': /too many limit value/,
    'nofile=x': /whole number/,
    'nofile=-1:5': /less than or equal/,
  });
});

describe('--device', () => {
  it('fills in what was left out', () => {
    const of = (text: string) => Object.values(parseDevice(text));
    assert.deepEqual(of('/dev/a'), ['/dev/a', '/dev/a', 'rwm']);
    assert.deepEqual(of('/dev/a:/dev/b'), ['/dev/a', '/dev/b', 'rwm']);
    assert.deepEqual(of('/dev/a:rw'), ['/dev/a', '/dev/a', 'rw']);
    assert.deepEqual(of('/dev/a:/dev/b:r'), ['/dev/a', '/dev/b', 'r']);
  });
  refuses(parseDevice, {
    foo: /not an absolute path/,
    '/dev/a:b': /b is not an absolute path/,
    '/dev/a:/b:x': /bad mode specified: x/,
    'a:b:c:d': /invalid device specification/,
    '': /invalid device/,
    '/dev/a:/b:rr': /bad mode/,
  });
  refuses(parseDeviceCgroupRule, { foo: /invalid device cgroup format 'foo'/, 'c 1:3 x': /invalid/ });
});

describe('limits of devices', () => {
  it('have a path and a number', () => {
    assert.deepEqual(throttleBytes('').accept('/dev/a:1mb', []), [{ Path: '/dev/a', Rate: 1048576 }]);
    assert.deepEqual(throttleOperations('').accept('/dev/a:10', []), [{ Path: '/dev/a', Rate: 10 }]);
    assert.deepEqual(weightDevices('').accept('/dev/a:500', []), [{ Path: '/dev/a', Weight: 500 }]);
  });
  refuses((text) => throttleBytes('').accept(text, []), {
    foo: /bad format: foo/,
    'a:1': /bad format for device path/,
    '/dev/a:x': /invalid rate/,
  });
  refuses((text) => weightDevices('').accept(text, []), {
    '/dev/a:5': /invalid weight/,
    '/dev/a:1001': /invalid weight/,
  });
});

describe('--network', () => {
  it('is a name, or fields', () => {
    assert.equal(parseNetwork('container:web').target, 'container:web');
    const { target, aliases, ip, driverOpts } = parseNetwork(
      'name=n,alias=a,alias=b,ip=10.0.0.1,driver-opt=k=v',
    );
    assert.deepEqual([target, aliases, ip, driverOpts], ['n', ['a', 'b'], '10.0.0.1', { k: 'v' }]);
  });
  refuses(parseNetwork, {
    'alias=x,ip=1': /IP address is not correctly formatted/,
    'alias=x,y=z': /invalid field key y/,
    'alias=x': /network name is not specified/,
    'name=n,mac-address=zz': /valid mac address/,
  });
  it('the rest of it', () => {
    assert.equal(parseExtraHost('a:1.2.3.4'), 'a:1.2.3.4');
    assert.equal(parseExtraHost('a=::1'), 'a:::1');
    assert.equal(parseExtraHost('a=[::1]'), 'a:::1');
    assert.equal(parseExtraHost('a:host-gateway'), 'a:host-gateway');
    assert.equal(parseLink('db'), 'db:db');
    assert.equal(parseLink('/x/db:alias'), '/x/db:alias');
    assert.equal(parseSearchDomain('example.com'), 'example.com');
  });
  refuses(parseExtraHost, {
    foo: /bad format for add-host/,
    'foo:bar': /invalid IP address in add-host/,
    ':1.1.1.1': /bad format/,
  });
  refuses(parseLink, { '': /empty string/, 'a:b:c': /bad format for links/ });
  refuses(parseMac, { foo: /foo is not a valid mac address/ });
  refuses(parseSearchDomain, { 'a b': /not a valid domain/ });
});

describe('--restart', () => {
  it('is a policy', () => {
    assert.deepEqual(parseRestartPolicy('on-failure:3'), { Name: 'on-failure', MaximumRetryCount: 3 });
    assert.deepEqual(parseRestartPolicy(''), { Name: 'no', MaximumRetryCount: 0 });
  });
  refuses(parseRestartPolicy, {
    foo: /unknown policy 'foo'/,
    'on-failure:x': /must be an integer/,
    'always:3': /can only be used with 'on-failure'/,
    ':3': /invalid restart policy format/,
    'a:b:c': /invalid restart policy format/,
  });
});

describe('--gpus', () => {
  it('counts or names devices', () => {
    assert.deepEqual(parseGpus('all'), { Count: -1, Capabilities: [['gpu']] });
    assert.deepEqual(parseGpus('2'), { Count: 2, Capabilities: [['gpu']] });
    assert.deepEqual(parseGpus('"device=0,1"'), { DeviceIDs: ['0', '1'], Capabilities: [['gpu']] });
  });
  refuses(parseGpus, { x: /invalid count \(x\)/, 'foo=1': /unexpected key 'foo'/ });
});

it('--security-opt opens system paths, and wants values', () => {
  assert.deepEqual(
    parseSecurityOptions(['no-new-privileges', 'systempaths=unconfined', 'seccomp=unconfined']),
    { options: ['no-new-privileges', 'seccomp=unconfined'], openSystemPaths: true },
  );
  assert.throws(() => parseSecurityOptions(['foo']), /Invalid --security-opt: "foo"/);
  assert.throws(
    () => parseSecurityOptions(['seccomp=/nonexistent']),
    /opening seccomp profile \(\/nonexistent\) failed/,
  );
});

it('--filter gathers values by name', () => {
  const filters = ['status=exited', 'STATUS = dead', 'label=a=b', ''].reduce(
    (before, text) => addFilter(text, before),
    new Map() as Filters,
  );
  assert.deepEqual(Array.from(filters), [
    ['status', ['exited', 'dead']],
    ['label', ['a=b']],
  ]);
  assert.throws(() => addFilter('x', new Map()), /bad format of filter/);
});

describe('--since', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  it('is a moment or a time ago', () => {
    assert.equal(parseMoment('1700000000', now), '1700000000');
    assert.equal(parseMoment('1700000000.5', now), '1700000000.5');
    assert.equal(parseMoment('2026-01-02T03:04:05.25Z', now), `${now / 1000}.250000000`);
    assert.equal(parseMoment('2026-01-02T05:04:05+02:00', now), `${now / 1000}.000000000`);
    assert.equal(parseMoment('1h30m', now), `${now / 1000 - 5400}.000000000`);
    assert.equal(parseMoment('1ms', now), `${now / 1000 - 1}.999000000`);
  });
  refuses((text) => parseMoment(text, now), {
    foo: /failed to parse value as time or duration: "foo"/,
    '': /failed/,
  });
});

it('a CSV record holds what was put into it', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
      const record = fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',');
      assert.deepEqual(csvFields(record), fields);
    }),
  );
  assert.throws(() => csvFields('a"b'), /quote/);
});
