import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';
import { expectNothingLeft } from '../fixtures/footprint.ts';
import { Registry } from '../fixtures/registry.ts';

let registry: Registry;

// The registry holds `app:v1` and `app:v2`, of four layers each, three of them shared.
const daemon = Daemon.forThisFile({}, async (daemon) => {
  registry = await Registry.start();
  let image = 'busybox';
  for (const [index, size] of [200_000, 300_000, 10].entries()) {
    image = await layered(daemon, image, `layer${index}`, size);
  }
  await daemon.ok('tag', image, 'app:v1');
  await daemon.ok('tag', await layered(daemon, image, 'v2', 20), 'app:v2');
  for (const tag of ['v1', 'v2']) {
    const archive = join(daemon.root, `${tag}.tar`);
    await daemon.ok('save', '-o', archive, `app:${tag}`);
    await registry.fill(`docker-archive:${archive}`, `team/app:${tag}`);
    await registry.fill(
      `docker-archive:${archive}`,
      `team/oci:${tag}`,
      '--format',
      'oci',
      '--dest-compress-format',
      'zstd',
    );
  }
  await daemon.ok('image', 'prune', '-af');
  await daemon.importBusybox();
});
after(() => registry[Symbol.asyncDispose]());

async function layered(daemon: Daemon, base: string, name: string, size: number): Promise<string> {
  const directory = join(daemon.root, name);
  mkdirSync(directory);
  writeFileSync(join(directory, name), randomBytes(size));
  await daemon.ok('create', '--name', 'step', base, 'ls', `/${name}`);
  await daemon.ok('cp', join(directory, name), `step:/${name}`);
  const id = await daemon.ok('commit', '-c', `CMD ["ls", "/${name}"]`, 'step');
  await daemon.ok('rm', 'step');
  return id;
}

const app = (tag: string) => `${registry.host}/team/app:${tag}`;
const digestOf = (reference: string) =>
  registry.skopeo('inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${reference}`);
const clear = () => daemon.ok('image', 'prune', '-af', '--filter', 'label!=keep');

describe('docker pull', () => {
  it('by tag: progress per layer, digest, status, and it runs', async () => {
    const printed = (await daemon.ok('pull', app('v1'))).split('\n');
    assert.equal(printed[0], 'v1: Pulling from team/app');
    assert.equal(printed.filter((line) => /^[0-9a-f]{12}: Pulling fs layer$/.test(line)).length, 4);
    assert.equal(printed.filter((line) => /^[0-9a-f]{12}: Pull complete$/.test(line)).length, 4);
    assert.deepEqual(printed.slice(-3), [
      `Digest: ${await digestOf(app('v1'))}`,
      `Status: Downloaded newer image for ${app('v1')}`,
      app('v1'),
    ]);
    assert.equal(await daemon.ok('run', '--rm', app('v1')), '/layer2');
    assert.deepEqual(await daemon.inspect(app('v1'), '.RepoDigests'), [
      `${registry.host}/team/app@${await digestOf(app('v1'))}`,
    ]);
  });

  it('again: up to date', async () => {
    assert.match(await daemon.ok('pull', app('v1')), /Status: Image is up to date for /);
  });

  it('shared layers are not fetched again', async () => {
    const printed = (await daemon.ok('pull', app('v2'))).split('\n');
    assert.equal(printed.filter((line) => line.endsWith(': Already exists')).length, 4);
    assert.equal(printed.filter((line) => line.endsWith(': Pull complete')).length, 1);
    assert.equal(await daemon.ok('run', '--rm', app('v2')), '/v2');
  });

  it('-q prints the name only', async () => {
    assert.equal(await daemon.ok('pull', '-q', app('v1')), app('v1'));
  });

  it('by digest', async () => {
    const digest = await digestOf(app('v1'));
    await daemon.ok('rmi', app('v1'));
    const reference = `${registry.host}/team/app@${digest}`;
    const printed = await daemon.ok('pull', reference);
    assert.match(
      printed,
      new RegExp(
        `^${reference.split('/').slice(1).join('/')}: Pulling from team/app|Pulling from team/app`,
        'm',
      ),
    );
    assert.equal(await daemon.ok('run', '--rm', reference), '/layer2');
    assert.equal(
      await daemon
        .ok('images', '--digests', '--format', '{{.Tag}} {{.Digest}}', `${registry.host}/team/app`)
        .then((text) => text.includes(`<none> ${digest}`)),
      true,
    );
    await daemon.ok('rmi', reference);
  });

  it('all tags', async () => {
    await clear();
    await daemon.ok('pull', '-a', `${registry.host}/team/app`);
    const names = await daemon.ok('images', '--format', '{{.Tag}}', `${registry.host}/team/app`);
    assert.deepEqual(names.split('\n').toSorted(), ['v1', 'v2']);
  });

  it('OCI manifests with zstd layers', async () => {
    await clear();
    await daemon.ok('pull', `${registry.host}/team/oci:v2`);
    assert.equal(await daemon.ok('run', '--rm', `${registry.host}/team/oci:v2`), '/v2');
  });

  it('run pulls what is missing, and --pull always what has changed', async () => {
    await clear();
    const missing = await daemon.docker('run', '--rm', app('v1'));
    assert.equal(missing.stdout, '/layer2\n');
    assert.match(
      missing.stderr,
      /^Unable to find image '.*team\/app:v1' locally\nv1: Pulling from team\/app\n/,
    );
    await registry.skopeo(
      'copy',
      '-q',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `docker://${app('v1')}`,
      `docker://${app('moving')}`,
    );
    assert.equal((await daemon.docker('run', '--rm', app('moving'))).stdout, '/layer2\n');
    await registry.skopeo(
      'copy',
      '-q',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `docker://${app('v2')}`,
      `docker://${app('moving')}`,
    );
    assert.equal((await daemon.docker('run', '--rm', app('moving'))).stdout, '/layer2\n');
    assert.equal((await daemon.docker('run', '--rm', '--pull', 'always', app('moving'))).stdout, '/v2\n');
  });

  it('several at a time', async () => {
    await clear();
    await Promise.all([
      daemon.ok('pull', app('v1')),
      daemon.ok('pull', app('v2')),
      daemon.ok('pull', app('v1')),
    ]);
    assert.equal(await daemon.ok('run', '--rm', app('v2')), '/v2');
  });

  it('leaves nothing half done when the client goes', async () => {
    await clear();
    await using client = daemon.spawn('pull', app('v1'));
    await client.prints('Pulling');
    client.signal('SIGKILL');
    await client.exit();
    await daemon.ok('pull', app('v2'));
    await clear();
    await expectNothingLeft(daemon);
  });
});

describe('docker push', () => {
  it('takes an image back to the registry, where skopeo finds it', async () => {
    await daemon.ok('pull', app('v1'));
    const pushed = `${registry.host}/mine/copy:1`;
    await daemon.ok('tag', app('v1'), pushed);
    assert.match(await daemon.ok('push', pushed), /1: digest: sha256:[0-9a-f]{64} size: \d+/);
    const config = JSON.parse(
      await registry.skopeo('inspect', '--tls-verify=false', '--config', `docker://${pushed}`),
    ) as { rootfs: { diff_ids: string[] } };
    assert.deepEqual(config.rootfs.diff_ids, await daemon.inspect(pushed, '.RootFS.Layers'));
  });
});

describe('what cannot be pulled', () => {
  it('an unknown tag and an unknown repository', async () => {
    const tag = await daemon.docker('pull', app('nosuch'));
    assert.equal(tag.code, 1);
    assert.match(tag.stderr, /manifest for .*team\/app:nosuch not found: manifest unknown/);
    const repository = await daemon.docker('pull', `${registry.host}/team/nosuch:1`);
    assert.equal(repository.code, 1);
    assert.match(repository.stderr, /manifest unknown|repository .* not found|name unknown/);
    assert.equal((await daemon.docker('run', app('nosuch'))).code, 125);
  });

  it('a platform that the image does not have', async () => {
    const result = await daemon.docker('pull', '--platform', 'linux/s390x', app('v1'));
    assert.equal(result.code, 1);
    assert.match(result.stderr, /platform|no matching manifest for linux\/s390x/);
  });

  it('no registry there', async () => {
    const result = await daemon.docker('pull', '127.0.0.1:1/team/app:v1');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /127\.0\.0\.1:1/);
    assert.match(result.stderr, /connection refused/i);
  });

  it('names that are none', async () => {
    const result = await daemon.request('POST', '/v1.44/images/create?fromImage=UPPER&tag=x');
    assert.equal(result.status, 400);
    assert.match(result.body, /invalid reference format/);
  });

  describe('from a registry that lies', () => {
    const server = createServer();
    let host = '';
    before(async () => {
      const config = '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}';
      const manifest = (digest: string) =>
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
          layers: [],
        });
      server.on('request', (request, response) => {
        const url = request.url ?? '';
        if (url.includes('/manifests/'))
          response.setHeader('Content-Type', 'application/vnd.oci.image.manifest.v1+json');
        if (url === '/v2/') response.end('{}');
        else if (url.includes('/manifests/garbage')) response.end('<html>no manifest</html>');
        else if (url.includes('/manifests/')) response.end(manifest(`sha256:${'0'.repeat(64)}`));
        else if (url.includes('/blobs/')) response.end(config);
        else response.writeHead(404).end();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      host = `127.0.0.1:${(server.address() as { port: number }).port}`;
    });
    after(() => {
      server.closeAllConnections();
      server.close();
    });

    it('a blob that is not what its digest says', async () => {
      const result = await daemon.docker('pull', `${host}/liar:1`);
      assert.equal(result.code, 1);
      assert.match(result.stderr, /digest|sha256/i);
      await expectNothingLeft(daemon);
    });

    it('a manifest that is none', async () => {
      const result = await daemon.docker('pull', `${host}/liar:garbage`);
      assert.equal(result.code, 1);
      assert.doesNotMatch(result.stderr, /Unexpected token/);
      assert.match(result.stderr, /manifest|JSON/i);
    });
  });
});
