import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { candidates, type NameSource } from './candidates.ts';

const names: NameSource = (kind) => Promise.resolve([`${kind}-one`, `${kind}-two`]);
const words = async (...typed: readonly string[]) => (await candidates(typed, names)).map(({ word }) => word);

describe('completion offers', () => {
  it('commands', async () => {
    assert.deepEqual(await words('vo'), ['volume']);
    assert.deepEqual(await words('container', 'res'), ['restart']);
    assert.ok((await words('')).includes('run') && (await words('')).includes('network'));
    assert.ok(!(await words('')).includes('__complete'));
  });

  it('options of the command, and of berth', async () => {
    assert.deepEqual(await words('ps', '--no'), ['--no-trunc']);
    assert.deepEqual(await words('--tlsc'), ['--tlscacert', '--tlscert']);
    assert.ok(!(await words('run', '--net')).includes('--net'), 'not the old names');
  });

  it('names of what the command wants', async () => {
    assert.deepEqual(await words('stop', ''), ['running-one', 'running-two']);
    assert.deepEqual(await words('stop', '-t', '5', 'a', 'running-t'), ['running-two']);
    assert.deepEqual(await words('start', ''), ['stopped-one', 'stopped-two']);
    assert.deepEqual(await words('-H', 'unix:///x', 'rmi', 'image-o'), ['image-one']);
    assert.deepEqual(await words('network', 'connect', ''), ['network-one', 'network-two']);
    assert.deepEqual(await words('network', 'connect', 'n', ''), ['container-one', 'container-two']);
  });

  it('values of options', async () => {
    assert.deepEqual(await words('run', '--network', 'network-t'), ['network-two']);
    assert.deepEqual(await words('run', '--pull', ''), ['always', 'missing', 'never']);
    assert.deepEqual(await words('run', '--env-file', ''), [':files']);
    assert.deepEqual(await words('run', '--memory', ''), []);
  });

  it('an image for run, and then what belongs to the container', async () => {
    assert.deepEqual(await words('run', '-it', '--name', 'x', 'image-'), ['image-one', 'image-two']);
    assert.deepEqual(await words('run', 'busybox', '--no'), [':files']);
    assert.deepEqual(await words('exec', '-it', 'web', ''), [':files']);
  });

  it('nothing where nothing is known', async () => {
    assert.deepEqual(await words('nothing', ''), []);
    assert.deepEqual(await words('volume', 'nothing', ''), []);
    assert.deepEqual(await words('ps', ''), []);
  });
});
