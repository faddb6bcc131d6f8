import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { parseSecurityOptions } from './options.ts';

test('nothing given: all defaults', () => {
  assert.deepEqual(parseSecurityOptions([]), {
    seccomp: { kind: 'default' },
    apparmor: undefined,
    noNewPrivileges: false,
    systempaths: 'default',
    label: [],
  });
});

test('every option, in both spellings', () => {
  const parsed = parseSecurityOptions([
    'seccomp=unconfined',
    'apparmor:unconfined',
    'no-new-privileges',
    'systempaths=unconfined',
    'label=user:me',
    'label:disable',
  ]);
  assert.deepEqual(parsed, {
    seccomp: { kind: 'unconfined' },
    apparmor: 'unconfined',
    noNewPrivileges: true,
    systempaths: 'unconfined',
    label: ['user:me', 'disable'],
  });
  assert.equal(parseSecurityOptions(['no-new-privileges:true']).noNewPrivileges, true);
  assert.equal(parseSecurityOptions(['no-new-privileges', 'no-new-privileges=false']).noNewPrivileges, false);
});

test('a profile is passed on as it is', () => {
  const json = '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"mkdir","action":"SCMP_ACT_ERRNO"}]}';
  assert.deepEqual(parseSecurityOptions([`seccomp=${json}`]).seccomp, { kind: 'profile', json });
});

test('wrong values are refused before anything is made', () => {
  for (const value of ['', 'seccomp', 'seccomp=', 'nonsense=1', 'no-new-privileges=maybe', 'systempaths=x'])
    assert.throws(
      () => parseSecurityOptions([value]),
      (error) => isKind(error, 'invalid') && error.message.includes('--security-opt'),
      value,
    );
  assert.throws(() => parseSecurityOptions(['seccomp={']), /Decoding seccomp profile failed: /);
  assert.throws(
    () => parseSecurityOptions(['seccomp={"defaultAction":"SCMP_ACT_LLOW"}']),
    /Decoding seccomp profile failed: defaultAction: unknown value "SCMP_ACT_LLOW"/,
  );
});
