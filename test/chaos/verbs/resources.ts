import assert from 'node:assert/strict';
import { bridgePrefix } from '../leftovers.ts';
import type { Verb, World } from './world.ts';

/** A network whose bridge can be told as this daemon's, even when its record is gone. */
export async function createNetwork(
  world: World,
  name: string,
  labels: Record<string, string> = {},
): Promise<void> {
  const Options = { 'com.docker.network.bridge.name': world.name(bridgePrefix(world.daemon)) };
  await world.call('POST', '/networks/create', { Name: name, Options, Labels: labels });
}

const volumeCreate: Verb = async (world) => {
  const name = world.name('volume');
  return {
    act: async () => void (await world.call('POST', '/volumes/create', { Name: name })),
    async check(acknowledged) {
      if (acknowledged) assert.ok(await world.volume(name), 'the volume is lost');
      // The image's content is copied into one that is new.
      const seen = await world.run({
        Cmd: ['test', '-s', '/etc/passwd'],
        HostConfig: { Binds: [`${name}:/etc`] },
      });
      await world.call('POST', `/containers/${seen}/wait`);
      assert.equal((await world.inspect(seen)).State.ExitCode, 0);
    },
  };
};

const volumeRemove: Verb = async (world) => {
  const name = world.name('volume-rm');
  await world.call('POST', '/volumes/create', { Name: name });
  const writer = await world.run({
    Cmd: ['touch', '/v/file'],
    HostConfig: { Binds: [`${name}:/v`], AutoRemove: true },
  });
  await world.call('POST', `/containers/${writer}/wait?condition=removed`).catch(() => {});
  return {
    act: async () => void (await world.call('DELETE', `/volumes/${name}`)),
    async check(acknowledged) {
      const found = await world.volume(name);
      if (acknowledged) assert.equal(found, undefined, 'the volume is back');
      const reader = await world.run({
        Cmd: ['test', '-e', '/v/file'],
        HostConfig: { Binds: [`${name}:/v`] },
      });
      await world.call('POST', `/containers/${reader}/wait`);
      assert.equal(
        (await world.inspect(reader)).State.ExitCode === 0,
        found !== undefined,
        'its content goes with it',
      );
    },
  };
};

const networkCreate: Verb = async (world) => {
  const name = world.name('network');
  return {
    act: () => createNetwork(world, name),
    async check(acknowledged) {
      const found = await world.network(name);
      if (acknowledged) assert.ok(found, 'the network is lost');
      if (!found) await createNetwork(world, name);
      await world.run({ HostConfig: { NetworkMode: name } });
    },
  };
};

const networkRemove: Verb = async (world) => {
  const name = world.name('network-rm');
  await createNetwork(world, name);
  return {
    act: async () => void (await world.call('DELETE', `/networks/${name}`)),
    async check(acknowledged) {
      const found = await world.network(name);
      if (acknowledged) assert.equal(found, undefined, 'the network is back');
      if (found) await world.run({ HostConfig: { NetworkMode: name } });
    },
  };
};

/** Everything with a label of its own, so that prunes leave other trials alone. */
const prune: Verb = async (world) => {
  const label = world.name('prune');
  const Labels = { [label]: '' };
  const container = await world.run({ Cmd: ['true'], Labels });
  await world.call('POST', `/containers/${container}/wait`);
  const volume = world.name('volume');
  await world.call('POST', '/volumes/create', { Name: volume, Labels });
  const network = world.name('network');
  await createNetwork(world, network, Labels);
  await world.call(
    'POST',
    `/commit?container=${container}&repo=${label}&changes=${encodeURIComponent(`LABEL ${label}=x`)}`,
  );
  const filters = encodeURIComponent(JSON.stringify({ label: [label], all: ['1'] }));
  const images = encodeURIComponent(JSON.stringify({ label: [label], dangling: ['0'] }));
  const only = encodeURIComponent(JSON.stringify({ label: [label] }));
  const steps: [path: string, exists: () => Promise<unknown>][] = [
    [`/containers/prune?filters=${only}`, () => world.find(container)],
    [`/volumes/prune?filters=${filters}`, () => world.volume(volume)],
    [`/networks/prune?filters=${only}`, () => world.network(network)],
    [`/images/prune?filters=${images}`, () => world.image(label)],
  ];
  let done = 0;
  return {
    async act() {
      for (const [path] of steps) {
        await world.call('POST', path);
        done++;
      }
    },
    async check() {
      for (const [path, exists] of steps.slice(0, done))
        assert.equal(await exists(), undefined, `${path}: it is back`);
      for (const [path, exists] of steps.slice(done)) {
        await world.call('POST', path);
        assert.equal(await exists(), undefined, `${path}: it stays`);
      }
    },
  };
};

export const resourceVerbs: Readonly<Record<string, Verb>> = {
  'volume create': volumeCreate,
  'volume rm': volumeRemove,
  'network create': networkCreate,
  'network rm': networkRemove,
  prune,
};
