import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { defaultCapabilities, resolveCapabilities, Seccomp, type SeccompSetting } from '#engine/security';
import { newId } from '#lib/ids';
import { Bench } from './runtimes.fixture.ts';

const bench = new Bench();
let seccomp: Seccomp;
const open = () => Seccomp.open({ cacheRoot: join(bench.top, 'seccomp'), log: bench.log });
before(async () => {
  await bench.open();
  seccomp = await open();
});
after(async () => assert.deepEqual(await bench.close(), []));

/** Runs a script under a profile; tells what it printed and whether the filter was compiled already. */
async function run(
  script: string,
  setting: SeccompSetting = { kind: 'default' },
  capabilities: readonly string[] = defaultCapabilities,
): Promise<{ text: string; compiled: boolean }> {
  const id = newId();
  const { stanza, annotations } = await seccomp.prepare(setting, capabilities);
  const sets = { bounding: capabilities, effective: capabilities, permitted: capabilities };
  await bench.runtimes.create(
    bench.options(id, ['sh', '-c', `(${script}) 2>&1`], {
      process: { capabilities: sets },
      sections: { annotations, linux: stanza ? { seccomp: stanza } : {} },
    }),
  );
  await seccomp.harvest(setting, capabilities, bench.runtimes.stateDirectory(id));
  await bench.runtimes.start(id);
  await bench.runtimes.exited(id);
  const text = bench.logged(id);
  await bench.runtimes.delete(id);
  return { text, compiled: Object.keys(annotations).length > 0 };
}

const PROBES =
  'grep ^Seccomp: /proc/self/status; unshare -U true; unshare -m true; mount -t tmpfs x /mnt; echo done';

test('the default filter, as the runtime compiles it and as it is kept', async () => {
  const first = await run(PROBES);
  const second = await run(PROBES);
  seccomp = await open();
  const afterRestart = await run(PROBES);
  assert.deepEqual(
    [first, second, afterRestart].map(({ compiled }) => compiled),
    [false, true, true],
  );
  for (const { text } of [first, second, afterRestart]) {
    assert.match(text, /^Seccomp:\s+2$/m);
    assert.equal(text.match(/unshare.*Operation not permitted/g)?.length, 2, text);
    assert.match(text, /mount:.*(permission denied|not permitted)/i);
    assert.match(text, /^done$/m);
  }
});

test('what is compiled is the same program', async () => {
  const programs = await Promise.all(
    [1, 2].map(async () => {
      const { stanza, annotations } = await seccomp.prepare({ kind: 'default' }, defaultCapabilities);
      const id = await bench.create(['true'], { sections: { annotations, linux: { seccomp: stanza } } });
      return readFileSync(join(bench.runtimes.stateDirectory(id), 'seccomp.bpf'));
    }),
  );
  assert.ok(programs[0]?.length);
  assert.deepEqual(programs[0], programs[1]);
});

test('threads and forks work under it', async () => {
  const { text } = await run('(echo a; echo b) | cat; echo $(echo c)');
  assert.equal(text, 'a\nb\nc\n');
});

test('a capability opens what it is needed for', async () => {
  const capabilities = resolveCapabilities({ add: ['SYS_ADMIN'], drop: [], privileged: false });
  const { text, compiled } = await run('unshare -m true && echo yes', { kind: 'default' }, capabilities);
  assert.equal(compiled, false, 'it is another filter');
  assert.equal(text, 'yes\n');
});

test("a profile of one's own, and none", async () => {
  const json = JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 122 }],
  });
  const denied = await run('busybox mkdir /tmp/x || echo refused', { kind: 'profile', json });
  assert.match(denied.text, /Disk quota exceeded[\s\S]*refused/);
  const free = await run('grep ^Seccomp: /proc/self/status', { kind: 'unconfined' });
  assert.match(free.text, /Seccomp:\s+0/);
});
