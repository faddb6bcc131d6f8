import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Daemon } from '../fixtures/daemon.ts';

// `app` has two layers, a configuration and a history.
const daemon = Daemon.forThisFile({}, async (daemon) => {
  await daemon.ok(
    'run',
    '--name',
    'maker',
    'busybox',
    'sh',
    '-c',
    'mkdir /app && echo v1 >/app/version && ln /app/version /app/hard && chmod 4755 /app && rm -r /www',
  );
  const changes = [
    'CMD ["cat", "/app/version"]',
    'ENV MODE=fast',
    'EXPOSE 80/tcp',
    'LABEL kind=app',
    'WORKDIR /app',
    'USER 33',
  ];
  await daemon.ok(
    'commit',
    '-m',
    'added the app',
    '-a',
    'Someone',
    ...changes.flatMap((change) => ['-c', change]),
    'maker',
    'app:v1',
  );
  await daemon.ok('rm', 'maker');
});

const path = (name: string) => join(daemon.root, name);
const skopeo = async (...args: readonly string[]) => {
  const result = await daemon.run('skopeo', ['--insecure-policy', ...args]);
  assert.equal(result.code, 0, result.stderr);
  return result.stdout;
};
const layersOf = (image: string) => daemon.inspect(image, '.RootFS.Layers');
const idOf = (image: string) => daemon.inspect(image, '.Id');
const runs = (image: string) => daemon.ok('run', '--rm', image);

describe('docker images, inspect, history', () => {
  it('lists', async () => {
    const lines = (await daemon.ok('images', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}')).split('\n');
    assert.equal(lines.length, 2);
    assert.ok(lines.includes(`app:v1 ${String(await idOf('app:v1')).slice(7, 19)}`));
    assert.match(await daemon.ok('images'), /^REPOSITORY\s+TAG\s+IMAGE ID\s+CREATED\s+SIZE\n/);
    assert.equal(await daemon.ok('images', '-q', '--no-trunc', 'busybox'), await idOf('busybox'));
  });

  it('filters', async () => {
    await daemon.ok('tag', 'app:v1', 'registry.example:5000/team/app:v1');
    const listed = (filter: string) =>
      daemon.ok('images', '-f', filter, '--format', '{{.Repository}}:{{.Tag}}');
    assert.equal(await listed('label=kind=app').then((text) => text.split('\n').length), 2);
    assert.equal(await listed('reference=app'), 'app:v1');
    assert.equal(await listed('reference=*/team/*'), 'registry.example:5000/team/app:v1');
    assert.equal(await listed('before=app:v1'), 'busybox:latest');
    assert.equal(await listed('since=app:v1'), '');
    assert.equal(await listed('dangling=true'), '');
    await daemon.ok('rmi', 'registry.example:5000/team/app:v1');
    assert.match((await daemon.docker('images', '-f', 'nosuch=1')).stderr, /invalid filter 'nosuch'/);
  });

  it('inspect', async () => {
    const image = (await daemon.inspect('app:v1')) as Record<string, unknown>;
    const config = image['Config'] as Record<string, unknown>;
    assert.deepEqual(image['RepoTags'], ['app:v1']);
    assert.match(String(image['Id']), /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(
      [image['Os'], image['Architecture'], image['Author'], image['Comment']],
      ['linux', 'amd64', 'Someone', 'added the app'],
    );
    assert.deepEqual(config['Cmd'], ['cat', '/app/version']);
    assert.ok((config['Env'] as string[]).includes('MODE=fast'));
    assert.deepEqual(
      [config['ExposedPorts'], config['Labels'], config['WorkingDir'], config['User']],
      [{ '80/tcp': {} }, { kind: 'app' }, '/app', '33'],
    );
    assert.equal(((image['RootFS'] as Record<string, unknown>)['Layers'] as unknown[]).length, 2);
    assert.ok(Number(image['Size']) > 1_000_000);
  });

  it('history', async () => {
    const lines = (
      await daemon.ok('history', '--no-trunc', '--format', '{{.ID}}|{{.Comment}}|{{.Size}}', 'app:v1')
    ).split('\n');
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /^sha256:[0-9a-f]{64}\|added the app\|/);
    assert.match(lines[1] ?? '', /\|Imported from -\|/);
  });
});

describe('docker tag and rmi', () => {
  it('a name more, a name less', async () => {
    await daemon.ok('tag', 'app:v1', 'second:name');
    assert.equal(await idOf('second:name'), await idOf('app:v1'));
    assert.equal(await daemon.ok('rmi', 'second:name'), 'Untagged: second:name');
    assert.equal((await daemon.docker('inspect', 'second:name')).code, 1);
    assert.equal(await runs('app:v1'), 'v1');
  });

  it('a tag moves', async () => {
    await daemon.ok('tag', 'app:v1', 'moving');
    await daemon.ok('tag', 'busybox', 'moving');
    assert.equal(await idOf('moving'), await idOf('busybox'));
    await daemon.ok('rmi', 'moving');
  });

  it('the last name takes the image along, and the layers that nobody else has', async () => {
    await daemon.okWith(readFileSync('/bin/true'), 'import', '-', 'broken').catch(() => '');
    const tar = await daemon.run('tar', ['-C', '/etc', '-cf', path('etc.tar'), 'hostname']);
    assert.equal(tar.code, 0);
    const id = await daemon.ok('import', path('etc.tar'), 'fleeting');
    const blobs = () => readdirSync(join(daemon.dataRoot, 'content/blobs/sha256')).length;
    const before = blobs();
    assert.equal(
      await daemon
        .ok('rmi', 'fleeting')
        .then((text) => text.startsWith(`Untagged: fleeting:latest\nDeleted: ${id}`)),
      true,
    );
    assert.equal((await daemon.docker('inspect', id)).code, 1);
    assert.ok(blobs() < before);
  });

  it('by id: refused when there are several names, forced with -f', async () => {
    await daemon.okWith(await tarOf('a'), 'import', '-', 'one');
    await daemon.ok('tag', 'one', 'two');
    const id = String(await idOf('one'));
    const refused = await daemon.docker('rmi', id.slice(7, 19));
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /unable to delete [0-9a-f]+ \(must be forced\) - image is referenced in multiple repositories/,
    );
    const forced = await daemon.ok('rmi', '-f', id.slice(7, 19));
    assert.match(forced, /Untagged: one:latest\nUntagged: two:latest\nDeleted: sha256:/);
  });

  it('one that a container uses', async () => {
    await daemon.okWith(await tarOf('b'), 'import', '-c', 'CMD ["x"]', '-', 'used');
    const container = await daemon.ok('create', 'used');
    const refused = await daemon.docker('rmi', 'used');
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      new RegExp(
        `conflict: unable to remove repository reference "used" \\(must force\\) - container ${container.slice(0, 12)} is using its referenced image [0-9a-f]{12}`,
      ),
    );
    await daemon.ok('rmi', '-f', 'used');
    assert.equal((await daemon.docker('inspect', container)).code, 0);
    await daemon.ok('rm', container);
    await daemon.ok('image', 'prune', '-f');
  });

  it('an image keeps its layers while a child has them', async () => {
    await daemon.ok('tag', 'busybox', 'spare');
    await daemon.ok('rmi', 'busybox');
    assert.equal(await runs('app:v1'), 'v1');
    await daemon.ok('tag', 'spare', 'busybox');
    await daemon.ok('rmi', 'spare');
  });

  it('unknown names', async () => {
    assert.match((await daemon.docker('rmi', 'nosuch')).stderr, /No such image: nosuch/);
    assert.match((await daemon.docker('tag', 'nosuch', 'x')).stderr, /No such image: nosuch/);
    assert.match((await daemon.docker('tag', 'busybox', 'UPPER')).stderr, /must be lowercase/);
  });
});

async function tarOf(name: string): Promise<Buffer> {
  mkdirSync(path(`tar-${name}`), { recursive: true });
  writeFileSync(path(`tar-${name}/${name}`), `content of ${name}\n`);
  await daemon.run('tar', ['-C', path(`tar-${name}`), '-cf', path(`${name}.tar`), name]);
  return readFileSync(path(`${name}.tar`));
}

describe('docker save and load', () => {
  it('what was saved loads again, the same', async () => {
    const [id, layers] = [await idOf('app:v1'), await layersOf('app:v1')];
    await daemon.ok('save', '-o', path('app.tar'), 'app:v1');
    await daemon.ok('rmi', 'app:v1');
    assert.equal(await daemon.ok('load', '-i', path('app.tar')), 'Loaded image: app:v1');
    assert.deepEqual([await idOf('app:v1'), await layersOf('app:v1')], [id, layers]);
    assert.equal(await runs('app:v1'), 'v1');
    assert.equal(
      await daemon.ok(
        'run',
        '--rm',
        '-u',
        '0',
        'app:v1',
        'sh',
        '-c',
        'stat -c "%a %h" /app /app/version; ls -d /www 2>/dev/null; true',
      ),
      '4755 2\n644 2',
    );
  });

  it('through pipes, gzip and zstd', async () => {
    const archive = readFileSync(path('app.tar'));
    for (const input of [archive, gzipSync(archive, { level: 1 }), zstdCompressSync(archive)])
      assert.equal(await daemon.okWith(input, 'load'), 'Loaded image: app:v1');
    const saved = await daemon.run('sh', ['-c', 'docker save app:v1 | tar -t']);
    assert.match(saved.stdout, /^manifest\.json$/m);
    assert.match(saved.stdout, /^oci-layout$/m);
  });

  it('several images in one archive; one by its id has no name', async () => {
    await daemon.ok('save', '-o', path('both.tar'), 'app:v1', 'busybox');
    assert.equal(
      await daemon
        .ok('load', '-q', '-i', path('both.tar'))
        .then((text) => text.split('\n').toSorted().join()),
      'Loaded image: app:v1,Loaded image: busybox:latest',
    );
    const id = String(await idOf('app:v1'));
    await daemon.ok('save', '-o', path('id.tar'), id);
    assert.equal(await daemon.ok('load', '-i', path('id.tar')), `Loaded image ID: ${id}`);
  });

  it('skopeo reads what we save, as a docker archive and as an OCI archive', async () => {
    const inspected = JSON.parse(
      await skopeo('inspect', '--config', `docker-archive:${path('app.tar')}`),
    ) as { rootfs: { diff_ids: string[] }; config: { Cmd: string[] } };
    assert.deepEqual(inspected.rootfs.diff_ids, await layersOf('app:v1'));
    assert.deepEqual(inspected.config.Cmd, ['cat', '/app/version']);
    const manifest = JSON.parse(await skopeo('inspect', '--raw', `oci-archive:${path('app.tar')}`)) as {
      schemaVersion: number;
    };
    assert.equal(manifest.schemaVersion, 2);
  });

  it('we read what skopeo writes: docker archive, OCI archive, gzip and zstd layers', async () => {
    const layers = await layersOf('app:v1');
    await skopeo('copy', '-q', `docker-archive:${path('app.tar')}`, `oci-archive:${path('oci.tar')}:oci:one`);
    await skopeo(
      'copy',
      '-q',
      '--dest-compress',
      '--dest-compress-format',
      'zstd',
      `docker-archive:${path('app.tar')}`,
      `oci-archive:${path('zstd.tar')}:zstd:one`,
    );
    await skopeo(
      'copy',
      '-q',
      `oci-archive:${path('oci.tar')}`,
      `docker-archive:${path('again.tar')}:again:one`,
    );
    for (const file of ['oci', 'zstd', 'again']) {
      const said = await daemon.ok('load', '-i', path(`${file}.tar`));
      const name = /Loaded image(?: ID)?: (\S+)/.exec(said)?.[1] ?? assert.fail(said);
      assert.deepEqual(await layersOf(name), layers, file);
      assert.equal(await runs(name), 'v1');
      await daemon.ok('rmi', '-f', name);
    }
    assert.equal(await daemon.ok('load', '-i', path('app.tar')), 'Loaded image: app:v1');
  });

  it('the content store is an OCI layout', async () => {
    assert.deepEqual(JSON.parse(readFileSync(join(daemon.dataRoot, 'content/oci-layout'), 'utf8')), {
      imageLayoutVersion: '1.0.0',
    });
    for (const blob of readdirSync(join(daemon.dataRoot, 'content/blobs/sha256')))
      assert.match(blob, /^[0-9a-f]{64}$/);
  });

  it('what is not there cannot be saved', async () => {
    const result = await daemon.docker('save', '-o', path('no.tar'), 'nosuch');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /No such image: nosuch/);
  });
});

describe('docker import', () => {
  it('a tar, gzipped, from a file, with changes and a message', async () => {
    const tar = await tarOf('imported');
    writeFileSync(path('imported.tgz'), gzipSync(tar));
    const id = await daemon.ok(
      'import',
      '-m',
      'by hand',
      '-c',
      'ENV A=1',
      '-c',
      'ENTRYPOINT ["/x"]',
      '-c',
      'VOLUME /data',
      path('imported.tgz'),
      'imported:1',
    );
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    const image = (await daemon.inspect('imported:1')) as {
      Comment: string;
      Config: Record<string, unknown>;
      RootFS: { Layers: string[] };
    };
    assert.equal(image.Comment, 'by hand');
    assert.deepEqual(
      [image.Config['Env'], image.Config['Entrypoint'], image.Config['Volumes']],
      [['A=1'], ['/x'], { '/data': {} }],
    );
    assert.equal(image.RootFS.Layers.length, 1);
    await daemon.ok('rmi', 'imported:1');
  });

  it('export and import keep the files', async () => {
    await daemon.ok('create', '--name', 'exported', 'app:v1');
    await daemon.ok('export', '-o', path('exported.tar'), 'exported');
    assert.ok(statSync(path('exported.tar')).size > 1_000_000);
    await daemon.ok('import', path('exported.tar'), 'flat');
    assert.equal(
      await daemon
        .ok('run', '--rm', 'flat', 'sh', '-c', 'cat /app/version; ls -d /www 2>&1')
        .catch((error: Error) => error.message)
        .then((text) => text.includes('v1') && text.includes('No such file')),
      true,
    );
    assert.equal(((await layersOf('flat')) as string[]).length, 1);
    await daemon.ok('rm', 'exported');
    await daemon.ok('rmi', 'flat');
  });

  it('an invalid change is refused', async () => {
    const result = await daemon.run('docker', ['import', '-c', 'FROM x', '-', 'no'], {
      input: await tarOf('c'),
    });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /FROM is not a valid change command/i);
    assert.equal((await daemon.docker('inspect', 'no')).code, 1);
  });
});

describe('docker image prune', () => {
  it('takes the nameless, -a the unused', async () => {
    await daemon.okWith(await tarOf('old'), 'import', '-', 'renewed');
    const old = String(await idOf('renewed'));
    await daemon.okWith(await tarOf('new'), 'import', '-', 'renewed');
    assert.equal(await daemon.ok('images', '-q', '--no-trunc', '-f', 'dangling=true'), old);
    assert.match(await daemon.ok('image', 'prune', '-f'), new RegExp(`deleted: ${old}`));
    await daemon.ok('create', '--name', 'user', 'app:v1');
    await daemon.ok('tag', 'app:v1', 'app:kept');
    await daemon.ok('image', 'prune', '-a', '-f');
    assert.deepEqual(
      (await daemon.ok('images', '--format', '{{.Repository}}:{{.Tag}}'))
        .split('\n')
        .toSorted()
        .filter((name) => !name.startsWith('app:')),
      [],
    );
    assert.equal(await daemon.ok('start', '-a', 'user'), 'v1');
    await daemon.ok('rm', 'user');
  });
});

describe('what the API asks of images', () => {
  type Row = Readonly<Record<string, unknown>>;
  const list = async (version: string, query: string) =>
    (await daemon.request('GET', `/v${version}/images/json?${query}`)).json as Row[];
  before(async () => {
    await daemon.importBusybox();
    await daemon.ok('run', '--name', 'maker', 'busybox', 'sh', '-c', 'head -c 100000 /dev/zero >/own');
    await daemon.ok('commit', 'maker', 'child:v1');
    await daemon.ok('rm', 'maker');
  });
  const filters = (value: object) => `filters=${encodeURIComponent(JSON.stringify(value))}`;

  it('lists: shared sizes, times, identity, patterns', async () => {
    const child = (rows: Row[]) =>
      rows.find(({ RepoTags }) => Array.isArray(RepoTags) && RepoTags.includes('child:v1'));
    const shared = child(await list('1.44', 'shared-size=1&digests=1'));
    assert.ok(
      Number(shared?.['SharedSize']) > 0 && Number(shared?.['SharedSize']) < Number(shared?.['Size']),
    );
    assert.equal(child(await list('1.44', ''))?.['SharedSize'], -1);
    assert.equal(child(await list('1.41', 'shared-size=1'))?.['SharedSize'], -1);
    assert.ok(child(await list('1.44', filters({ until: [String(Math.ceil(Date.now() / 1000) + 1)] }))));
    assert.deepEqual(await list('1.44', filters({ until: ['2000-01-01'] })), []);
    assert.equal((await daemon.request('GET', '/v1.54/images/json?identity=1')).status, 400);
    assert.equal((await daemon.request('GET', '/v1.54/images/json?identity=1&manifests=1')).status, 200);
    const broken = await daemon.docker('images', '--filter', 'reference=[');
    assert.match(broken.stderr, /syntax error in pattern/);
  });

  it('commit takes a configuration, over which the changes go', async () => {
    const id = await daemon.ok('create', '--env', 'OF=container', 'busybox', 'true');
    // Of a container alone: no image has them.
    const containers = {
      Hostname: 'ignored',
      Domainname: 'ignored.example',
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      Image: 'ignored',
    };
    const body = {
      ...containers,
      ArgsEscaped: true,
      NetworkDisabled: true,
      MacAddress: '02:42:ac:11:00:09',
      User: '7',
      Env: ['A=body', 'B=body'],
      Cmd: ['body'],
      Entrypoint: ['/bin/echo'],
      WorkingDir: '/body',
      Labels: { from: 'body' },
      ExposedPorts: { '81/tcp': {} },
      Volumes: { '/kept': {} },
      OnBuild: ['RUN body'],
      StopSignal: 'SIGUSR1',
      StopTimeout: 3,
      Shell: ['/bin/body', '-c'],
      Healthcheck: {
        Test: ['CMD', 'true'],
        Interval: 2e9,
        Timeout: 3e9,
        StartPeriod: 4e9,
        StartInterval: 5e9,
        Retries: 6,
      },
    };
    const query = new URLSearchParams({
      container: id,
      repo: 'committed',
      tag: '1',
      changes: 'ENV A=change',
    });
    const { status, json } = await daemon.request('POST', `/v1.44/commit?${query}`, body);
    assert.equal(status, 201);
    const config = (await daemon.inspect('committed:1', '.Config')) as Row;
    for (const field of [
      'User',
      'Cmd',
      'Entrypoint',
      'WorkingDir',
      'Labels',
      'ExposedPorts',
      'Volumes',
      'OnBuild',
      'StopSignal',
      'Shell',
      'Healthcheck',
    ] as const)
      assert.deepEqual(config[field], body[field], field);
    const old = (await daemon.request('GET', '/v1.44/images/committed:1/json')).json as { Config: Row };
    for (const [field, value] of Object.entries(containers))
      assert.equal(old.Config[field], typeof value === 'string' ? '' : false, field);
    for (const field of ['NetworkDisabled', 'MacAddress', 'StopTimeout'])
      assert.ok(!(field in old.Config), field);
    const env = config['Env'] as string[];
    assert.ok(env.includes('A=change') && env.includes('B=body') && !env.includes('A=body'), String(env));
    assert.equal(await daemon.inspect('committed:1', '.Id'), (json as { Id: string }).Id);
    await daemon.ok('rm', id);
    await daemon.ok('rmi', 'committed:1');
  });

  it('images/get for one platform, and for one that is not there', async () => {
    const platform = (architecture: string) =>
      `platform=${encodeURIComponent(JSON.stringify({ os: 'linux', architecture }))}`;
    const architecture = String(await daemon.inspect('busybox', '.Architecture'));
    const good = await daemon.request('GET', `/v1.52/images/get?names=busybox&${platform(architecture)}`);
    assert.equal(good.status, 200);
    assert.match(good.body, /manifest\.json/);
    const other = await daemon.request('GET', `/v1.52/images/get?names=busybox&${platform('s390x')}`);
    assert.equal(other.status, 404);
  });
});
