import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly time: number;
  readonly timeNano: number;
}

/** All events since a moment up to now. */
async function eventsSince(since: number, ...filters: readonly string[]): Promise<Event[]> {
  const flags = filters.flatMap((filter) => ['--filter', filter]);
  const until = (Date.now() / 1000 + 0.001).toFixed(3);
  const lines = await daemon.ok(
    'events',
    '--since',
    since.toFixed(3),
    '--until',
    until,
    '--format',
    'json',
    ...flags,
  );
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);
}
const moment = () => Date.now() / 1000;

describe('docker events', () => {
  it('the life of a container, in order', async () => {
    const since = moment();
    await daemon.ok('run', '--name', 'life', '-v', 'vol:/v', 'busybox', 'true');
    await daemon.ok('rm', 'life');
    const events = await eventsSince(since);
    const actions = events.map(({ Type, Action }) => `${Type} ${Action}`);
    const expected = [
      'volume create',
      'container create',
      'container attach',
      'volume mount',
      'network connect',
      'container start',
      'container die',
      'network disconnect',
      'volume unmount',
      'container destroy',
    ];
    for (const action of expected) assert.ok(actions.includes(action), `${action} in ${actions.join(', ')}`);
    for (const [one, other] of [
      ['create', 'start'],
      ['start', 'die'],
      ['die', 'destroy'],
    ])
      assert.ok(
        actions.indexOf(`container ${one}`) < actions.indexOf(`container ${other}`),
        `${one} before ${other}`,
      );
    const die = events.find(({ Action }) => Action === 'die');
    const mount = events.find(({ Action }) => Action === 'mount');
    const { container, ...mounted } = mount?.Actor.Attributes ?? {};
    assert.equal(container, die?.Actor.ID);
    assert.deepEqual(mounted, { driver: 'local', destination: '/v', 'read/write': 'true', propagation: '' });
    assert.deepEqual(
      [die?.Actor.Attributes['exitCode'], die?.Actor.Attributes['name'], die?.Actor.Attributes['image']],
      ['0', 'life', 'busybox'],
    );
    const times = events.map(({ timeNano }) => timeNano);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  it('what users do', async () => {
    await daemon.ok('run', '-d', '--name', 'acted', 'busybox', 'sleep', '600');
    const since = moment();
    await daemon.ok('pause', 'acted');
    await daemon.ok('unpause', 'acted');
    await daemon.ok('rename', 'acted', 'renamed');
    await daemon.ok('exec', 'renamed', 'true');
    await daemon.docker('exec', 'renamed', 'nosuch');
    await daemon.ok('update', '--cpu-shares', '512', 'renamed');
    await daemon.ok('restart', '-t', '0', 'renamed');
    await daemon.ok('kill', 'renamed');
    await daemon.ok('rm', '-f', 'renamed');
    const actions = (await eventsSince(since, 'type=container')).map(({ Action }) => Action);
    for (const action of [
      'pause',
      'unpause',
      'rename',
      'exec_create: true ',
      'exec_start: true ',
      'exec_die',
      'update',
      'stop',
      'restart',
      'kill',
      'die',
      'destroy',
    ])
      assert.ok(actions.includes(action), `${action} in ${actions.join(', ')}`);
    assert.ok(actions.includes('exec_start: nosuch '), 'a start that fails is told as well');
    assert.equal(
      actions.filter((action) => action === 'exec_die').length,
      1,
      'what never lived does not die',
    );
  });

  it('what images are made of, and what is left of the build cache', async () => {
    const since = moment();
    await daemon.ok('create', '--name', 'base', 'busybox');
    await daemon.ok('commit', 'base', 'committed');
    await daemon.ok('rm', 'base');
    await daemon.ok('rmi', 'committed');
    await daemon.ok('builder', 'prune', '-f');
    const events = await eventsSince(since);
    const told = (type: string, action: string) =>
      events.find(({ Type, Action }) => Type === type && Action === action)?.Actor.Attributes;
    assert.equal(told('container', 'commit')?.['imageRef'], 'committed:latest');
    assert.deepEqual(told('builder', 'prune'), { reclaimed: '0' });
  });

  it('follows', async () => {
    await using follower = daemon.spawn(
      'events',
      '--format',
      '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}',
      '--filter',
      'container=followed',
    );
    const created = daemon.ok('create', '--name', 'followed', 'busybox', 'true');
    await created;
    await daemon.ok('start', 'followed');
    await daemon.ok('wait', 'followed');
    await daemon.ok('rm', 'followed');
    await follower.prints('container destroy followed');
    assert.match(follower.stdout, /container start followed\ncontainer die followed\n/);
  });

  it('filters', async () => {
    const since = moment();
    await daemon.ok('create', '--name', 'one', '--label', 'a=b', 'busybox');
    await daemon.ok('create', '--name', 'two', 'busybox');
    await daemon.ok('tag', 'busybox', 'tagged');
    await daemon.ok('rmi', 'tagged');
    assert.deepEqual(
      (await eventsSince(since, 'label=a=b')).map(({ Actor }) => Actor.Attributes['name']),
      ['one'],
    );
    for (const two of ['two', 'tw'])
      assert.deepEqual(
        (await eventsSince(since, `container=${two}`)).map(({ Actor }) => Actor.Attributes['name']),
        ['two'],
      );
    assert.deepEqual(
      (await eventsSince(since, 'type=image')).map(({ Action }) => Action),
      ['tag', 'untag'],
    );
    assert.deepEqual(
      (await eventsSince(since, 'event=create')).map(({ Actor }) => Actor.Attributes['name']),
      ['one', 'two'],
    );
    await daemon.ok('rm', 'one', 'two');
  });

  it('are still there after a restart of the daemon', async () => {
    const since = moment();
    await daemon.ok('create', '--name', 'before', 'busybox');
    await daemon.stop();
    await daemon.start();
    await daemon.ok('rm', 'before');
    assert.deepEqual(
      (await eventsSince(since, 'type=container')).map(({ Action }) => Action),
      ['create', 'destroy'],
    );
  });
});

it('the events of one object, of one kind, of this daemon', async () => {
  const since = moment();
  await daemon.ok('volume', 'create', 'mine');
  await daemon.ok('network', 'create', 'ours');
  await daemon.ok('run', '--rm', '--network', 'ours', '-v', 'mine:/m', 'busybox', 'true');
  await daemon.ok('tag', 'busybox', 'other');
  await daemon.ok('rmi', 'other');
  await daemon.ok('network', 'rm', 'ours');
  await daemon.ok('volume', 'rm', 'mine');
  const kinds = async (...filters: readonly string[]) =>
    (await eventsSince(since, ...filters)).map(({ Type, Action }) => `${Type} ${Action}`);
  assert.deepEqual(await kinds('volume=mine'), [
    'volume create',
    'volume mount',
    'volume unmount',
    'volume destroy',
  ]);
  assert.deepEqual(await kinds('network=ours'), [
    'network create',
    'network connect',
    'network disconnect',
    'network destroy',
  ]);
  assert.deepEqual(await kinds('image=other:latest', 'type=image'), ['image tag']);
  assert.deepEqual(await kinds('scope=swarm'), []);
  assert.ok((await kinds('scope=local')).length >= 14);
  assert.deepEqual(await kinds('type=daemon', 'daemon=nobody'), []);
});
