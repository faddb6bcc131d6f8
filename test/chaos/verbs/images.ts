import assert from 'node:assert/strict';
import { dockerArchive, noise, tarOf } from '../archives.ts';
import type { Verb, World } from './world.ts';

const TAR = { 'Content-Type': 'application/x-tar' };

/** A name that is there stands for a whole image: it can be saved, and containers made from it. */
export async function expectWhole(world: World, reference: string): Promise<void> {
  await world.call('GET', `/images/${reference}/get`);
  await world.create({ Image: reference });
}

async function expectImage(world: World, reference: string, acknowledged: boolean): Promise<void> {
  const found = await world.image(reference);
  if (acknowledged) assert.ok(found, `${reference} is lost`);
  if (found) await expectWhole(world, reference);
}

/** An image of two layers, one of them shared by all that are made so. */
const shared = noise(200_000);
const archiveOf = (reference: string) =>
  dockerArchive(reference, [{ shared }, { own: noise(300_000), reference }]);

async function loaded(world: World, kind: string): Promise<string> {
  const reference = `${world.name(kind)}:latest`;
  await world.call('POST', '/images/load?quiet=1', await archiveOf(reference), TAR);
  return reference;
}

const load: Verb = async (world) => {
  const reference = `${world.name('load')}:latest`;
  const archive = await archiveOf(reference);
  return {
    act: async () => void (await world.call('POST', '/images/load', archive, TAR)),
    check: (acknowledged) => expectImage(world, reference, acknowledged),
  };
};

const importing: Verb = async (world) => {
  const name = world.name('import');
  const archive = await tarOf({ file: noise(400_000) });
  return {
    act: async () => void (await world.call('POST', `/images/create?fromSrc=-&repo=${name}`, archive, TAR)),
    async check(acknowledged) {
      const found = await world.image(name);
      if (acknowledged) assert.ok(found, `${name} is lost`);
      if (found) await world.call('GET', `/images/${name}/get`);
    },
  };
};

const pull: Verb = async (world) => {
  const source = world.random.pick(world.sources);
  if (await world.image(source)) await world.call('DELETE', `/images/${source}`);
  return {
    act: async () => void (await world.call('POST', `/images/create?fromImage=${source}`)),
    async check(acknowledged) {
      await expectImage(world, source, acknowledged);
      // What was broken off goes on.
      await world.call('POST', `/images/create?fromImage=${source}`);
      await expectWhole(world, source);
    },
  };
};

const tag: Verb = async (world) => {
  const name = world.name('tag');
  return {
    act: async () => void (await world.call('POST', `/images/busybox/tag?repo=${name}&tag=t`)),
    check: (acknowledged) => expectImage(world, `${name}:t`, acknowledged),
  };
};

const remove: Verb = async (world) => {
  const reference = await loaded(world, 'rmi');
  return {
    act: async () => void (await world.call('DELETE', `/images/${reference}`)),
    async check(acknowledged) {
      const found = await world.image(reference);
      if (acknowledged) assert.equal(found, undefined, `${reference} is back`);
      if (found) await expectWhole(world, reference);
    },
  };
};

const save: Verb = async (world) => {
  const reference = await loaded(world, 'save');
  const read = async () => void (await world.call('GET', `/images/${reference}/get`));
  return { act: read, check: read };
};

export const imageVerbs: Readonly<Record<string, Verb>> = {
  load,
  import: importing,
  pull,
  tag,
  rmi: remove,
  save,
};
