import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cgroupOf, slicePath } from './cgroup.ts';

const plain = { cgroupsPath: '/berth/x', systemdCgroup: false };

test('a path is itself, a slice is nested by its dashes', () => {
  assert.equal(cgroupOf('/nonexistent', plain), '/berth/x');
  const systemd = (cgroupsPath: string) => cgroupOf('/nonexistent', { cgroupsPath, systemdCgroup: true });
  assert.equal(systemd('system.slice:berth:x'), '/system.slice/berth-x.scope');
  assert.equal(systemd(':berth:x'), '/system.slice/berth-x.scope');
  assert.equal(systemd('a-b-c.slice:berth:x'), '/a.slice/a-b.slice/a-b-c.slice/berth-x.scope');
  assert.equal(systemd('-.slice::x'), '/x.scope');
  assert.equal(slicePath('machine.slice'), 'machine.slice');
});

test('what the runtime says counts; what cannot be read does not', () => {
  const state = mkdtempSync(join(tmpdir(), 'berth-cgroup-'));
  const status = (text: string) => writeFileSync(join(state, 'status'), text);
  status('{"cgroup-path":"/elsewhere/x"}');
  assert.equal(cgroupOf(state, plain), '/elsewhere/x');
  for (const text of ['', '{', '{"cgroup-path":""}', '{"cgroup-path":7}']) {
    status(text);
    assert.equal(cgroupOf(state, plain), '/berth/x', text);
  }
  rmSync(state, { recursive: true });
});
