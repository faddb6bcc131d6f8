import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { silentLogger } from '#lib/log';
import { defaultCapabilities } from './capabilities.ts';
import { Seccomp } from './seccomp.ts';
import { tighten } from './seccomp-default.ts';
import { parseProfile } from './seccomp-profile.ts';
import { type Machine, resolveProfile } from './seccomp-resolve.ts';

const machine: Machine = { goArch: 'amd64', scmpArch: 'SCMP_ARCH_X86_64', kernel: [6, 1] };
const profile = (syscalls: object[], more: object = {}) =>
  parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls, ...more }));
const allow = (names: string[], more: object = {}) => ({ names, action: 'SCMP_ACT_ALLOW', ...more });
const names = (syscalls: object[], capabilities: string[] = [], on = machine) =>
  resolveProfile(profile(syscalls), capabilities, on).syscalls?.flatMap((rule) => rule.names);

describe('profiles', () => {
  test('conditions on capabilities, architecture and kernel', () => {
    const rules = [
      allow(['read']),
      allow(['mount'], { includes: { caps: ['CAP_SYS_ADMIN'] } }),
      allow(['bind'], { excludes: { caps: ['CAP_SYS_ADMIN'] } }),
      allow(['arm_only'], { includes: { arches: ['arm64'] } }),
      allow(['not_amd64'], { excludes: { arches: ['amd64'] } }),
      allow(['ptrace'], { includes: { minKernel: '4.8' } }),
      allow(['future'], { includes: { minKernel: '6.2' } }),
    ];
    assert.deepEqual(names(rules), ['read', 'bind', 'ptrace']);
    assert.deepEqual(names(rules, ['CAP_SYS_ADMIN']), ['read', 'mount', 'ptrace']);
    assert.deepEqual(names(rules, [], { ...machine, goArch: 'arm64', kernel: [4, 7] }), [
      'read',
      'bind',
      'arm_only',
      'not_amd64',
    ]);
  });

  test('the map of architectures gives this one and what it runs besides', () => {
    const archMap = [
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    ];
    assert.deepEqual(resolveProfile(profile([], { archMap }), [], machine).architectures, [
      'SCMP_ARCH_X86_64',
      'SCMP_ARCH_X86',
      'SCMP_ARCH_X32',
    ]);
    assert.throws(() => profile([], { archMap, architectures: ['SCMP_ARCH_X86'] }), /both 'architectures'/);
  });

  test('every malformed field is refused by its place', () => {
    const bad: [object, RegExp][] = [
      [{ syscalls: {} }, /syscalls must be a list/],
      [{ syscalls: [{ action: 'SCMP_ACT_ALLOW' }] }, /syscalls\[0\]: no system call is named/],
      [{ syscalls: [allow(['a'], { name: 'b' })] }, /both 'name' and 'names'/],
      [{ syscalls: [{ names: ['a'], action: 'ALLOW' }] }, /syscalls\[0\]\.action: unknown value "ALLOW"/],
      [
        { syscalls: [allow(['a'], { args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }] })] },
        /args\[0\]\.index/,
      ],
      [{ syscalls: [allow(['a'], { args: [{ index: 0, value: 2 ** 60, op: 'SCMP_CMP_EQ' }] })] }, /2\^53/],
      [{ syscalls: [allow(['a'], { includes: { minKernel: '4' } })] }, /minKernel/],
      [{ flags: ['NONE'] }, /flags: unknown value/],
    ];
    for (const [fields, message] of bad)
      assert.throws(
        () => profile([], fields),
        (error) =>
          isKind(error, 'invalid') &&
          error.message.startsWith('Decoding seccomp profile failed: ') &&
          message.test(error.message),
        JSON.stringify(fields),
      );
  });

  test('any JSON is either a profile or an `invalid`', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        try {
          parseProfile(json);
        } catch (error) {
          assert.ok(isKind(error, 'invalid'), String(error));
        }
      }),
    );
  });

  test('tightening takes namespaces and mounts away from the unprivileged only', () => {
    const loose = profile([allow(['read', 'mount', 'unshare', 'clone', 'clone3', 'keyctl', 'reboot'])]);
    const allowed = (capabilities: string[]) =>
      resolveProfile(tighten(loose), capabilities, machine)
        .syscalls?.filter((rule) => rule.action === 'SCMP_ACT_ALLOW' && !rule.args)
        .flatMap((rule) => rule.names) ?? [];
    assert.ok(allowed([]).includes('read'));
    for (const name of ['mount', 'unshare', 'clone', 'clone3', 'keyctl', 'reboot'])
      assert.ok(!allowed([...defaultCapabilities]).includes(name), name);
    for (const name of ['mount', 'unshare', 'clone', 'clone3'])
      assert.ok(allowed(['CAP_SYS_ADMIN']).includes(name), name);
    assert.ok(!allowed(['CAP_SYS_ADMIN']).includes('keyctl'));
  });
});

describe('compiled filters', () => {
  let root = '';
  let cacheRoot = '';
  let state = '';
  let path = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'berth-seccomp-'));
    [cacheRoot, state, path] = [join(root, 'cache'), root, join(root, 'profile.json')];
    await writeFile(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW' }));
  });
  afterEach(() => rm(root, { recursive: true }));
  const open = () => Seccomp.open({ cacheRoot, defaultProfile: path, log: silentLogger });
  const setting = { kind: 'default' } as const;

  test('what the runtime compiled is handed to the next create, also after a restart', async () => {
    const program = randomBytes(800);
    const first = await open();
    assert.deepEqual((await first.prepare(setting, [])).annotations, {});
    await first.harvest(setting, [], state);
    assert.deepEqual((await first.prepare(setting, [])).annotations, {}, 'a runtime may leave none');
    await writeFile(join(state, 'seccomp.bpf'), program);
    await first.harvest(setting, [], state);
    for (const seccomp of [first, await open()]) {
      const { annotations, stanza } = await seccomp.prepare(setting, []);
      assert.deepEqual(annotations, { 'run.oci.seccomp_bpf_data': program.toString('base64') });
      assert.equal(stanza?.defaultAction, 'SCMP_ACT_ALLOW');
    }
    const other = { kind: 'profile', json: '{"defaultAction":"SCMP_ACT_LOG"}' } as const;
    assert.deepEqual((await first.prepare(other, [])).annotations, {});
  });

  test('a damaged file is never used', async () => {
    await writeFile(join(state, 'seccomp.bpf'), randomBytes(80));
    await (await open()).harvest(setting, [], state);
    const [file = ''] = await readdir(cacheRoot);
    for (const damaged of [Buffer.alloc(0), Buffer.alloc(112), randomBytes(31)]) {
      await writeFile(join(cacheRoot, file), damaged);
      assert.deepEqual((await (await open()).prepare(setting, [])).annotations, {});
    }
  });

  test('what is no program is not kept', async () => {
    for (const program of [Buffer.alloc(0), randomBytes(7), Buffer.alloc(40_000)]) {
      await writeFile(join(state, 'seccomp.bpf'), program);
      const seccomp = await open();
      await seccomp.harvest(setting, [], state);
      assert.deepEqual((await seccomp.prepare(setting, [])).annotations, {});
    }
    assert.deepEqual(await readdir(cacheRoot), []);
  });

  test('unconfined has neither filter nor annotation', async () => {
    const none = { stanza: undefined, annotations: {} };
    assert.deepEqual(await (await open()).prepare({ kind: 'unconfined' }, []), none);
    const off = await Seccomp.open({ cacheRoot, defaultProfile: 'unconfined', log: silentLogger });
    assert.deepEqual(await off.prepare(setting, []), none);
  });

  test('a missing default profile is named', async () => {
    await assert.rejects(
      Seccomp.open({ cacheRoot, defaultProfile: '/nonexistent.json', log: silentLogger }),
      /\/nonexistent\.json.*--seccomp-profile/,
    );
  });
});
