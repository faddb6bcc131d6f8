import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventually } from '../../fixtures/daemon.ts';
import { tarOf } from '../archives.ts';
import { createNetwork } from './resources.ts';
import { expectPage, freePort, type Trial, type Verb, type World } from './world.ts';

const EXITED = ['exited'];
const RUNNING = ['running'];
const web = (port: number, protocol = 'tcp') => ({
  Cmd: ['httpd', '-f', '-h', '/www'],
  ExposedPorts: { [`80/${protocol}`]: {} },
  HostConfig: { PortBindings: { [`80/${protocol}`]: [{ HostPort: String(port) }] } },
});
const trapping = ['sh', '-c', "trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done"];

async function expectStatus(world: World, name: string, statuses: readonly string[]): Promise<void> {
  const { State } = await world.inspect(name);
  assert.ok(
    statuses.includes(State.Status),
    `${name} is ${State.Status} (${State.Error}), not ${statuses.join(' or ')}`,
  );
}

/** Whichever way a container may run: networks, volumes with content of the image, a size for /dev/shm. */
function variant({ random }: World): Record<string, unknown> {
  const mode = random.pick(['bridge', 'bridge', 'none', 'host']);
  return {
    NetworkMode: mode,
    ...(random.chance(0.3) ? { IpcMode: 'shareable', ShmSize: 1 << 20 } : {}),
    ...(random.chance(0.3) ? { Memory: 64 << 20 } : {}),
    ...(random.chance(0.3) ? { Init: true } : {}),
    ...(random.chance(0.3) ? { Binds: ['/etc:/host-etc:ro'] } : {}),
  };
}

const create: Verb = async (world) => {
  const name = world.name('create');
  return {
    act: async () => void (await world.create({ Volumes: { '/etc': {} } }, name)),
    async check(acknowledged) {
      const found = await world.find(name);
      if (acknowledged) assert.ok(found, 'the container is lost');
      if (found) assert.equal(found.State.Status, 'created');
      // Without a record the name is free.
      else await world.create({}, name);
      await world.call('POST', `/containers/${name}/start`);
    },
  };
};

const start: Verb = async (world) => {
  const port = await freePort();
  const published = world.random.chance(0.5);
  const body = published ? web(port) : { Volumes: { '/etc': {} }, HostConfig: variant(world) };
  const name = await world.create(body, world.name('start'));
  return {
    act: async () => void (await world.call('POST', `/containers/${name}/start`)),
    async check(acknowledged) {
      await expectStatus(world, name, acknowledged ? RUNNING : ['running', 'created']);
      await world.call('POST', `/containers/${name}/start`);
      if (published) await expectPage(port);
    },
  };
};

const run: Verb = async (world) => {
  const name = world.name('run');
  const port = await freePort();
  return {
    act: async () =>
      void (await world.client(
        [0],
        'run',
        '-d',
        '--name',
        name,
        '-p',
        `${port}:80`,
        '-v',
        '/etc',
        'busybox',
        ...web(port).Cmd,
      )),
    async check(acknowledged) {
      const found = await world.find(name);
      if (acknowledged) await expectStatus(world, name, RUNNING);
      else if (found) await expectStatus(world, name, ['created', 'running']);
    },
  };
};

const runRemove: Verb = async (world) => {
  const name = world.name('run-rm');
  const script = `echo out; sleep 0.0${world.random.below(10)}; exit 3`;
  return {
    act: async () =>
      void (await world.client(
        [3],
        'run',
        '--rm',
        '-v',
        '/etc',
        '--name',
        name,
        'busybox',
        'sh',
        '-c',
        script,
      )),
    async check(acknowledged) {
      if (acknowledged) assert.equal(await world.find(name), undefined, 'it was to be removed');
      // One that never came to be started waits for its start, as any other does.
      await eventually(`${name} is gone`, async () => {
        const found = await world.find(name);
        return !found || (found.State.Status === 'created' && found.State.Error === '');
      });
    },
  };
};

const wait: Verb = async (world) => {
  const name = await world.run(
    { Cmd: ['sh', '-c', `sleep 0.${world.random.below(4)}; exit 9`] },
    world.name('wait'),
  );
  return {
    async act() {
      const { json } = await world.call('POST', `/containers/${name}/wait`);
      assert.equal((json as { StatusCode: number }).StatusCode, 9);
    },
    async check() {
      await eventually(
        'its exit is on record',
        async () => (await world.inspect(name)).State.Status === 'exited',
      );
      assert.equal((await world.inspect(name)).State.ExitCode, 9);
    },
  };
};

const stop: Verb = async (world) => {
  const policy = world.random.pick(['no', 'unless-stopped']);
  const name = await world.run(
    { Cmd: trapping, HostConfig: { RestartPolicy: { Name: policy } } },
    world.name('stop'),
  );
  await eventually('it waits for signals', async () => (await world.daemon.ok('logs', name)) === 'ready');
  return {
    act: async () => void (await world.call('POST', `/containers/${name}/stop?t=5`)),
    async check(acknowledged) {
      const { State } = await world.inspect(name);
      if (acknowledged) assert.deepEqual([State.Status, State.ExitCode], ['exited', 5]);
      // Before its will was on record, an exit is one that the policy acts on.
      else assert.ok(['running', 'restarting', 'exited'].includes(State.Status), State.Status);
      if (State.Status === 'exited') assert.equal(State.ExitCode, 5);
    },
  };
};

const kill: Verb = async (world) => {
  const name = await world.run({}, world.name('kill'));
  return {
    act: async () => void (await world.call('POST', `/containers/${name}/kill`)),
    async check(acknowledged) {
      if (!acknowledged && (await world.inspect(name)).State.Status === 'running') return;
      await eventually('it has ended', async () => (await world.inspect(name)).State.Status === 'exited');
      assert.equal((await world.inspect(name)).State.ExitCode, 137);
    },
  };
};

const restart: Verb = async (world) => {
  const port = await freePort();
  const name = await world.run(web(port), world.name('restart'));
  const before = await world.inspect(name);
  return {
    act: async () => void (await world.call('POST', `/containers/${name}/restart?t=0`)),
    async check(acknowledged) {
      const { State } = await world.inspect(name);
      if (acknowledged) {
        assert.equal(State.Status, 'running');
        assert.notEqual(State.StartedAt, before.State.StartedAt);
      } else assert.ok(['running', 'exited'].includes(State.Status), State.Status);
      if (State.Status === 'running') await expectPage(port);
    },
  };
};

async function expectRemoval(
  world: World,
  name: string,
  volume: string,
  acknowledged: boolean,
): Promise<boolean> {
  const found = await world.find(name);
  if (acknowledged) assert.equal(found, undefined, 'the container is back');
  assert.equal((await world.volume(volume)) !== undefined, found !== undefined, 'its volume goes with it');
  return found !== undefined;
}

const remove: Verb = async (world) => {
  const name = await world.run({ Cmd: ['true'], Volumes: { '/etc': {} } }, world.name('rm'));
  await world.call('POST', `/containers/${name}/wait`);
  const volume = (await world.inspect(name)).Mounts[0]?.Name ?? '';
  return {
    act: async () => void (await world.call('DELETE', `/containers/${name}?v=1`)),
    async check(acknowledged) {
      if (await expectRemoval(world, name, volume, acknowledged)) await expectStatus(world, name, EXITED);
      else await world.create({}, name);
    },
  };
};

const removeForced: Verb = async (world) => {
  const port = await freePort();
  const name = await world.run({ ...web(port), Volumes: { '/etc': {} } }, world.name('rm-f'));
  const volume = (await world.inspect(name)).Mounts[0]?.Name ?? '';
  return {
    act: async () => void (await world.call('DELETE', `/containers/${name}?force=1&v=1`)),
    async check(acknowledged) {
      if (await expectRemoval(world, name, volume, acknowledged))
        await expectStatus(world, name, ['running', 'exited']);
      // The port is free again.
      else await world.run(web(port), name);
    },
  };
};

const exec: Verb = async (world) => {
  const name = await world.run({}, world.name('exec'));
  return {
    async act() {
      const command = [
        'exec',
        ...(world.random.chance(0.3) ? ['-t'] : []),
        name,
        'sh',
        '-c',
        'echo written > /file; exit 4',
      ];
      await world.client([4], ...command);
    },
    async check(acknowledged) {
      await expectStatus(world, name, RUNNING);
      const read = await world.daemon.docker('exec', name, 'cat', '/file');
      if (acknowledged) assert.equal(read.stdout, 'written\n');
    },
  };
};

const execDetached: Verb = async (world) => {
  const name = await world.run({}, world.name('exec-d'));
  return {
    act: async () =>
      void (await world.client(
        [0],
        'exec',
        '-d',
        name,
        'sh',
        '-c',
        'while :; do date > /tick; sleep 0.02; done',
      )),
    async check(acknowledged) {
      await expectStatus(world, name, RUNNING);
      if (!acknowledged) return;
      const before = await world.daemon.ok('exec', name, 'stat', '-c', '%y', '/tick');
      await eventually(
        'it goes on',
        async () => (await world.daemon.ok('exec', name, 'stat', '-c', '%y', '/tick')) !== before,
      );
    },
  };
};

/** Whether the processes of a container are frozen, as the kernel has it. */
function isFrozen(pid: number): boolean {
  const [, path] = /^\d+:freezer:(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? [];
  if (path === undefined) {
    const [, unified] = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? [];
    return /frozen 1/.test(readFileSync(`/sys/fs/cgroup${unified}/cgroup.events`, 'utf8'));
  }
  return readFileSync(`/sys/fs/cgroup/freezer${path}/freezer.state`, 'utf8').trim() === 'FROZEN';
}

async function expectFreeze(world: World, name: string, wanted: string | undefined): Promise<void> {
  const { State } = await world.inspect(name);
  if (wanted !== undefined) assert.equal(State.Status, wanted);
  assert.equal(isFrozen(State.Pid), State.Status === 'paused', 'the kernel agrees with the record');
}

const pause: Verb = async (world) => {
  const name = await world.run({}, world.name('pause'));
  return {
    act: async () => void (await world.call('POST', `/containers/${name}/pause`)),
    check: (acknowledged) => expectFreeze(world, name, acknowledged ? 'paused' : undefined),
  };
};

const unpause: Verb = async (world) => {
  const name = await world.run({}, world.name('unpause'));
  await world.call('POST', `/containers/${name}/pause`);
  return {
    act: async () => void (await world.call('POST', `/containers/${name}/unpause`)),
    check: (acknowledged) => expectFreeze(world, name, acknowledged ? 'running' : undefined),
  };
};

const rename: Verb = async (world) => {
  const name = await world.create({}, world.name('rename'));
  const { Id } = await world.inspect(name);
  const network = world.name('network');
  await createNetwork(world, network);
  const linker = await world.create({
    HostConfig: { NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { Links: [`${name}:db`] } } },
  });
  const renamed = `${name}-new`;
  return {
    act: async () => void (await world.call('POST', `/containers/${name}/rename?name=${renamed}`)),
    async check(acknowledged) {
      const found = await world.inspect(Id);
      if (acknowledged) assert.equal(found.Name, `/${renamed}`);
      const other = found.Name === `/${renamed}` ? name : renamed;
      assert.equal(await world.find(other), undefined, 'it has one name');
      const linked = (await world.inspect(linker)).NetworkSettings.Networks[network]?.Links;
      assert.deepEqual(linked, [`${found.Name.slice(1)}:db`], 'who is linked to it knows its name');
      await world.create({}, other);
    },
  };
};

const update: Verb = async (world) => {
  const name = await world.run({ HostConfig: { Memory: 32 << 20 } }, world.name('update'));
  const wanted = 48 << 20;
  return {
    act: async () =>
      void (await world.call('POST', `/containers/${name}/update`, { Memory: wanted, MemorySwap: wanted })),
    async check(acknowledged) {
      const { HostConfig, State } = await world.inspect(name);
      if (acknowledged) assert.equal(HostConfig.Memory, wanted);
      assert.equal(memoryLimit(State.Pid), HostConfig.Memory, 'the kernel agrees with the record');
    },
  };
};

function memoryLimit(pid: number): number {
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  const [, legacy] = /^\d+:memory:(.*)$/m.exec(groups) ?? [];
  const [, unified] = /^0::(.*)$/m.exec(groups) ?? [];
  const file = legacy === undefined ? `${unified}/memory.max` : `/memory${legacy}/memory.limit_in_bytes`;
  return Number(readFileSync(`/sys/fs/cgroup${file}`, 'utf8'));
}

const copyIn: Verb = async (world) => {
  const running = world.random.chance(0.5);
  const name = await (running ? world.run({}, world.name('cp')) : world.create({}, world.name('cp')));
  const archive = await tarOf({ 'copied/a': 'a'.repeat(100_000), 'copied/b': 'b' });
  return {
    act: async () => void (await world.call('PUT', `/containers/${name}/archive?path=/tmp`, archive)),
    async check(acknowledged) {
      const { status, body } = await world.daemon.request(
        'GET',
        `/containers/${name}/archive?path=/tmp/copied/b`,
      );
      if (acknowledged) assert.equal(status, 200, body);
    },
  };
};

const copyOut: Verb = async (world) => {
  const running = world.random.chance(0.3);
  const name = await (running ? world.run({}, world.name('cp-out')) : world.create({}, world.name('cp-out')));
  return reading(world, `/containers/${name}/archive?path=/etc`);
};

const exporting: Verb = async (world) =>
  reading(world, `/containers/${await world.create({}, world.name('export'))}/export`);

/** What only reads may be cut off, and leaves nothing. */
function reading(world: World, path: string): Trial {
  return {
    act: async () => void (await world.call('GET', path)),
    check: async () => void (await world.call('GET', path)),
  };
}

const commit: Verb = async (world) => {
  const name = await world.run(
    { Cmd: ['sh', '-c', 'dd if=/dev/urandom of=/made bs=64k count=8'] },
    world.name('commit'),
  );
  await world.call('POST', `/containers/${name}/wait`);
  const reference = `${name}:latest`;
  return {
    act: async () => void (await world.call('POST', `/commit?container=${name}&repo=${name}`)),
    async check(acknowledged) {
      const found = await world.image(reference);
      if (acknowledged) assert.ok(found, 'the image is lost');
      if (found) await world.run({ Image: reference, Cmd: ['test', '-s', '/made'] });
    },
  };
};

export const containerVerbs: Readonly<Record<string, Verb>> = {
  create,
  start,
  run,
  'run --rm': runRemove,
  wait,
  stop,
  kill,
  restart,
  rm: remove,
  'rm -f': removeForced,
  exec,
  'exec -d': execDetached,
  pause,
  unpause,
  rename,
  update,
  'cp in': copyIn,
  'cp out': copyOut,
  export: exporting,
  commit,
};
