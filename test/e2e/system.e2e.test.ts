import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile({ flags: ['--label', 'rack=7', '--experimental'] });

type Fields = Readonly<Record<string, unknown>>;

describe('docker version and info', () => {
  it('version', async () => {
    const version = JSON.parse(await daemon.ok('version', '--format', '{{json .Server}}')) as Record<
      string,
      string
    >;
    assert.match(version['Version'] ?? '', /^\d+\.\d+\.\d+/);
    assert.match(version['ApiVersion'] ?? '', /^1\.\d+$/);
    assert.deepEqual([version['MinAPIVersion'], version['Os'], version['Arch']], ['1.24', 'linux', 'amd64']);
  });

  it('info counts and describes', async () => {
    await daemon.ok('run', '-d', '--name', 'runs', 'busybox', 'sleep', '600');
    await daemon.ok('create', '--name', 'idle', 'busybox');
    const info = JSON.parse(await daemon.ok('info', '--format', '{{json .}}')) as Record<string, unknown>;
    assert.deepEqual(
      [
        info['Containers'],
        info['ContainersRunning'],
        info['ContainersStopped'],
        info['ContainersPaused'],
        info['Images'],
      ],
      [2, 1, 1, 0, 1],
    );
    assert.deepEqual(
      [info['Name'], info['DockerRootDir'], info['Labels'], info['OSType'], info['LiveRestoreEnabled']],
      [hostname(), daemon.dataRoot, ['rack=7'], 'linux', true],
    );
    assert.ok(Number(info['NCPU']) > 0 && Number(info['MemTotal']) > 0);
    assert.ok((info['SecurityOptions'] as string[]).some((option) => option.includes('seccomp')));
    await daemon.ok('rm', '-f', 'runs', 'idle');
  });
});

describe('docker system df', () => {
  it('counts what there is and what could be had back', async () => {
    await daemon.ok(
      'run',
      '--name',
      'wrote',
      '-v',
      'full:/full',
      'busybox',
      'sh',
      '-c',
      'head -c 500000 /dev/zero >/blob; head -c 300000 /dev/zero >/full/blob',
    );
    const lines = (
      await daemon.ok(
        'system',
        'df',
        '--format',
        '{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}',
      )
    ).split('\n');
    assert.match(lines[0] ?? '', /^Images\|1\|1\|[\d.]+MB\|/);
    assert.match(lines[1] ?? '', /^Containers\|1\|0\|5\d\d(\.\d+)?kB\|5\d\d(\.\d+)?kB \(100%\)$/);
    assert.match(lines[2] ?? '', /^Local Volumes\|1\|1\|3\d\d(\.\d+)?kB\|0B \(0%\)$/);
    assert.match(await daemon.ok('system', 'df', '-v'), /full\s+1\s+3\d\d(\.\d+)?kB/);
    await daemon.ok('rm', 'wrote');
    await daemon.ok('volume', 'rm', 'full');
  });
});

describe('prune', () => {
  it('containers: those that do not run', async () => {
    await daemon.ok('run', '-d', '--name', 'runs', 'busybox', 'sleep', '600');
    const created = await daemon.ok('create', 'busybox');
    const exited = await daemon.ok('run', '-d', 'busybox', 'true');
    await daemon.ok('wait', exited);
    const printed = await daemon.ok('container', 'prune', '-f');
    assert.match(printed, /^Deleted Containers:\n/);
    for (const id of [created, exited]) assert.ok(printed.includes(id));
    assert.equal(await daemon.ok('ps', '-a', '--format', '{{.Names}}'), 'runs');
    await daemon.ok('rm', '-f', 'runs');
  });

  it('by label and by age', async () => {
    await daemon.ok('create', '--name', 'keep', '--label', 'keep', 'busybox');
    await daemon.ok('create', '--name', 'drop', 'busybox');
    assert.equal(
      await daemon.ok('container', 'prune', '-f', '--filter', 'until=24h'),
      'Total reclaimed space: 0B',
    );
    await daemon.ok('container', 'prune', '-f', '--filter', 'label!=keep');
    assert.equal(await daemon.ok('ps', '-a', '--format', '{{.Names}}'), 'keep');
    await daemon.ok('rm', 'keep');
  });

  it('system prune: containers and nameless images; --volumes volumes too', async () => {
    await daemon.ok('create', '-v', '/anonymous', '-v', 'named:/named', 'busybox');
    const script =
      'docker run --name step busybox touch /x && docker commit step && docker commit step final';
    await daemon.run('sh', ['-c', script]);
    const printed = await daemon.ok('system', 'prune', '-f', '--volumes');
    assert.match(printed, /Deleted Containers:/);
    assert.match(printed, /Deleted Volumes:\n[0-9a-f]{64}\n/);
    assert.match(printed, /Deleted Images:/);
    assert.match(printed, /Total reclaimed space: /);
    assert.equal(await daemon.ok('volume', 'ls', '-q'), 'named');
    assert.equal(await daemon.ok('images', '-q').then((text) => text.split('\n').length), 2);
    await daemon.ok('volume', 'rm', 'named');
    await daemon.ok('system', 'prune', '-af');
    assert.equal(await daemon.ok('images', '-q'), '');
    await daemon.importBusybox();
  });
});

describe('GET /system/df', () => {
  const df = async (version: string, query: string) =>
    (await daemon.request('GET', `/v${version}/system/df?${query}`)).json as Fields;

  it('answers for the types that were asked for, in the shape of the version', async () => {
    await daemon.ok(
      'run',
      '--name',
      'wrote',
      '-v',
      'full:/full',
      'busybox',
      'sh',
      '-c',
      'echo 12345 >/full/x',
    );
    const shapes = {
      image: [['Images', 'LayersSize'], 'ImageUsage'],
      container: [['Containers'], 'ContainerUsage'],
      volume: [['Volumes'], 'VolumeUsage'],
      'build-cache': [['BuildCache'], 'BuildCacheUsage'],
    } as const;
    for (const [type, [old, modern]] of Object.entries(shapes)) {
      assert.deepEqual(Object.keys(await df('1.51', `type=${type}`)).toSorted(), old, type);
      const both = Object.keys(await df('1.52', `type=${type}`)).toSorted();
      assert.deepEqual(both, [...old, modern].toSorted(), type);
      assert.deepEqual(Object.keys(await df('1.53', `type=${type}`)), [modern]);
    }
    const two = await df('1.51', 'type=volume&type=container');
    assert.deepEqual(Object.keys(two).toSorted(), ['Containers', 'Volumes']);
    // Before 1.42 there was no such parameter.
    assert.equal(Object.keys(await df('1.41', 'type=volume')).length, 5);
    assert.equal((await daemon.request('GET', '/v1.44/system/df?type=nosuch')).status, 400);

    const { VolumeUsage } = (await df('1.53', 'type=volume')) as { VolumeUsage: Fields };
    assert.deepEqual(VolumeUsage, {
      ActiveCount: 1,
      TotalCount: 1,
      Reclaimable: 0,
      TotalSize: VolumeUsage['TotalSize'],
    });
    assert.ok(Number(VolumeUsage['TotalSize']) >= 6);
    const verbose = (await df('1.53', 'type=volume&verbose=1')) as { VolumeUsage: { Items: Fields[] } };
    assert.deepEqual(
      verbose.VolumeUsage.Items.map((item) => item['Name']),
      ['full'],
    );
    assert.equal((await daemon.request('GET', '/v1.53/system/df?verbose=perhaps')).status, 400);
    await daemon.ok('rm', '-v', 'wrote');
    await daemon.ok('volume', 'rm', 'full');
  });
});

describe('the filters of every prune', () => {
  const prune = async (noun: string, filters: object, query = '') => {
    const encoded = encodeURIComponent(JSON.stringify(filters));
    const { status, body } = await daemon.request('POST', `/v1.56/${noun}/prune?filters=${encoded}${query}`);
    assert.equal(status, 200, body);
    return body;
  };
  const report = async (noun: string, filters: object) => JSON.parse(await prune(noun, filters)) as Fields;
  const nouns: readonly (readonly [noun: string, list: string, make: (label: string) => Promise<string>])[] =
    [
      ['containers', 'ContainersDeleted', (label) => daemon.ok('create', '--label', label, 'busybox')],
      [
        'networks',
        'NetworksDeleted',
        (label) =>
          daemon
            .ok('network', 'create', '--label', label, label.replace('=', '-'))
            .then(() => label.replace('=', '-')),
      ],
      ['volumes', 'VolumesDeleted', (label) => daemon.ok('volume', 'create', '--label', label)],
    ];

  for (const [noun, list, make] of nouns)
    it(`${noun}: label, label!, until; a line for each when it is asked for`, async () => {
      const [one, two, three] = [await make('kind=one'), await make('kind=two'), await make('kind=three')];
      if (noun !== 'volumes') assert.equal((await report(noun, { until: ['24h'] }))[list], null);
      assert.deepEqual((await report(noun, { label: ['kind=one'] }))[list], [one]);
      assert.deepEqual((await report(noun, { label: { kind: true }, 'label!': ['kind=three'] }))[list], [
        two,
      ]);
      const lines = (await prune(noun, {}, '&stream=1'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Fields);
      assert.deepEqual(lines[0], { id: three, status: 'deleted' });
      assert.deepEqual((lines[1]?.['aux'] as Fields | undefined)?.[list], [three]);
    });

  it('images: dangling, label, label!, until', async () => {
    await daemon.ok('create', '--name', 'base', 'busybox');
    const commit = (label: string, ...name: string[]) =>
      daemon.ok('commit', '-c', `LABEL kind=${label}`, 'base', ...name);
    const [bare, kept] = [await commit('bare'), await commit('kept')];
    const named = await commit('named', 'named');
    const deleted = async (filters: object) =>
      ((await report('images', filters))['ImagesDeleted'] as Fields[] | null)
        ?.map((entry) => entry['Deleted'])
        .filter(Boolean);
    assert.equal(await deleted({ until: ['24h'] }), undefined);
    assert.deepEqual(await deleted({ 'label!': ['kind=kept'] }), [bare]);
    assert.deepEqual(await deleted({ label: ['kind=named'], dangling: ['false'] }), [named]);
    await daemon.ok('rm', 'base');
    const lines = await prune('images', {}, '&stream=1');
    assert.ok(lines.includes(`{"id":"${kept}","status":"deleted"}`), lines);
  });

  it('are checked by name and value', async () => {
    for (const [noun, filters, message] of [
      ['containers', { nosuch: ['1'] }, "invalid filter 'nosuch'"],
      ['volumes', { until: ['1h'] }, "invalid filter 'until'"],
      ['images', { dangling: ['perhaps'] }, "invalid filter 'dangling=[perhaps]'"],
      ['networks', { until: ['1h', '2h'] }, 'more than one until filter specified'],
    ] as const) {
      const path = `/v1.44/${noun}/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`;
      const { status, json } = await daemon.request('POST', path);
      assert.deepEqual([status, json], [400, { message }]);
    }
  });
});

describe('what this engine does not have', () => {
  it('swarm: answers as a node outside of one', async () => {
    const not = /This node is not a swarm manager\. Use \\?"docker swarm init/;
    const paths = ['nodes', 'services', 'tasks', 'secrets', 'configs'].flatMap((noun) => [
      `GET /${noun}`,
      `GET /${noun}/x`,
      ...(noun === 'tasks' ? [] : [`DELETE /${noun}/x`, `POST /${noun}/x/update`]),
    ]);
    const more = ['services', 'secrets', 'configs'].map((noun) => `POST /${noun}/create`);
    const swarm = ['GET /swarm', 'GET /swarm/unlockkey', 'POST /swarm/update', 'POST /swarm/unlock'];
    for (const route of [...paths, ...more, ...swarm, 'GET /services/x/logs', 'GET /tasks/x/logs']) {
      const [method = '', path = ''] = route.split(' ');
      const { status, body } = await daemon.request(method, path, method === 'POST' ? {} : undefined);
      assert.equal(status, 503, route);
      assert.match(body, not, route);
    }
    assert.equal((await daemon.request('POST', '/swarm/leave')).status, 503);
    for (const verb of ['init', 'join'])
      assert.equal((await daemon.request('POST', `/swarm/${verb}`, {})).status, 501);
    const volume = await daemon.request('POST', '/volumes/create', { Name: 'x', ClusterVolumeSpec: {} });
    assert.equal(volume.status, 503);
    assert.equal((await daemon.request('PUT', '/volumes/x?version=1', {})).status, 503);
    assert.match((await daemon.docker('service', 'ls')).stderr, not);
  });

  it('plugins: none is there, none can be installed', async () => {
    assert.equal(await daemon.ok('plugin', 'ls', '-q'), '');
    assert.deepEqual((await daemon.request('GET', '/plugins')).json, []);
    for (const route of [
      'GET /plugins/privileges?remote=x',
      'POST /plugins/pull?remote=x',
      'POST /plugins/create?name=x',
    ]) {
      const [method = '', path = ''] = route.split(' ');
      assert.equal((await daemon.request(method, path)).status, 501, route);
    }
    const verbs = ['disable', 'enable', 'push', 'set', 'upgrade'].map(
      (verb) => `POST /plugins/a/b:c/${verb}`,
    );
    for (const route of [...verbs, 'DELETE /plugins/a/b:c', 'GET /plugins/a/b:c/json']) {
      const [method = '', path = ''] = route.split(' ');
      const { status, json } = await daemon.request(method, path);
      assert.deepEqual([status, json], [404, { message: 'plugin "a/b:c" not found' }], route);
    }
  });

  it('checkpoints: listed and missed; made only with a runtime that can', async () => {
    await daemon.ok('run', '-d', '--name', 'box', 'busybox', 'sleep', '600');
    assert.deepEqual((await daemon.request('GET', '/containers/box/checkpoints')).json, []);
    const made = await daemon.docker('checkpoint', 'create', 'box', 'one');
    assert.equal(made.code, 1);
    assert.match(
      made.stderr,
      /not supported by this build of the runtime crun: create the container with --runtime runc|criu/,
    );
    assert.equal(await daemon.inspect('box', '.State.Status'), 'running');
    const missing = await daemon.docker('checkpoint', 'rm', 'box', 'one');
    assert.match(missing.stderr, /one/);
    await daemon.ok('stop', '-t', '0', 'box');
    const start = await daemon.request('POST', '/containers/box/start?checkpoint=one');
    assert.equal(start.status, 404, start.body);
    await daemon.ok('rm', 'box');
  });
});
