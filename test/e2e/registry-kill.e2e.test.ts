import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { layerOf } from '../../src/engine/images/images.fixture.ts';
import { ServedRegistry } from '../../src/engine/images/served-registry.fixture.ts';
import { digestOf } from '../../src/oci/digest/index.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';

// The daemon is stopped and killed in the middle of a pull, and killed in the middle of a push.

const daemon = Daemon.forThisFile({});

const small = layerOf('small', randomBytes(1 << 20));
const large = layerOf('large', randomBytes(40 << 20));

/** Bytes of the large layer that are on the daemon's disk, by its map. */
function arrived(): number {
  const folder = join(daemon.dataRoot, 'content/ingest');
  const name = readdirSync(folder).find((file) => file.endsWith('.map'));
  const map = name === undefined ? Buffer.alloc(0) : readFileSync(join(folder, name));
  let sum = 0;
  for (let at = 8; at < map.length; at += 4) sum += map.readUInt32LE(at);
  return sum;
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 2000) throw new Error(`still waiting for ${what}\n${daemon.log}`);
    await sleep(20);
  }
}

describe('a registry whose client dies', () => {
  it('what had arrived is not fetched again, and nothing is seen of it before the image is whole', async (context) => {
    const registry = await ServedRegistry.start(context);
    registry.image([small, large], 'v1');
    const name = `${registry.host}/app:v1`;
    /** Of the large layer only so many bytes go out from now on. */
    let left = 0;
    registry.answers.set(`GET /v2/app/blobs/${digestOf(large)}`, ({ headers: { range = '' } }, response) => {
      const [, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
      const end = to ? Number(to) + 1 : large.length;
      const start = Number(from);
      response.writeHead(206, {
        'content-length': end - start,
        'content-range': `bytes ${start}-${end - 1}/${large.length}`,
      });
      const part = large.subarray(start, Math.min(end, start + left));
      left -= part.length;
      registry.sent += part.length;
      // One that is whole ends, so that its connection can be used again.
      if (part.length === end - start) response.end(part);
      else response.write(part);
    });
    const blobs = () => readdirSync(join(daemon.dataRoot, 'content/blobs/sha256')).toSorted().join();
    const [images, others] = [await daemon.ok('images', '-aq'), blobs()];
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const before = arrived();
      left = 15_000_000;
      const pull = daemon.docker('pull', name);
      // A batch that is not full waits for more: so much may be lost for each connection.
      await until('the layer', () => arrived() >= before + 15_000_000 - 4 * 192 * 1024);
      await daemon.stop(signal);
      assert.notEqual((await pull).code, 0);
      await daemon.start();
      assert.equal(await daemon.ok('images', '-aq'), images);
      await until('what is left to go', () => blobs() === others);
    }
    registry.answers.clear();
    await daemon.ok('pull', name);
    const total = small.length + large.length;
    assert.ok(registry.sent <= total * 1.02, `${registry.sent} bytes of ${total} were sent`);
    await daemon.ok('create', '--name', 'look', name, 'none');
    const copy = join(daemon.root, 'copy');
    await daemon.ok('cp', 'look:/large', copy);
    assert.ok(readFileSync(copy).equals(large.subarray(512, 512 + (40 << 20))));
    await daemon.ok('rm', 'look');
    assert.deepEqual(readdirSync(join(daemon.dataRoot, 'content/ingest')), []);
  });

  it('a push that was killed is made again', async (context) => {
    const stalled = await ServedRegistry.start(context);
    const directory = join(daemon.root, 'push');
    mkdirSync(directory);
    writeFileSync(join(directory, 'file'), randomBytes(4 << 20));
    writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\nCOPY file /\n');
    await daemon.ok('build', '-t', 'pushed', directory);
    stalled.answers.set('POST', (_, response) =>
      response.writeHead(202, { location: '/v2/app/blobs/uploads/1' }).end(),
    );
    const begun = Promise.withResolvers<void>();
    stalled.answers.set('PATCH', (request) => {
      request.once('data', () => {
        request.pause();
        begun.resolve();
      });
    });
    await daemon.ok('tag', 'pushed', `${stalled.host}/app:v1`);
    const push = daemon.docker('push', `${stalled.host}/app:v1`);
    await begun.promise;
    await daemon.kill9();
    assert.notEqual((await push).code, 0);
    await daemon.start();
    await using registry = await Registry.start();
    const name = `${registry.host}/app:v1`;
    await daemon.ok('tag', `${stalled.host}/app:v1`, name);
    const printed = await daemon.ok('push', name);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(printed)?.[1];
    const inspected = await registry.skopeo(
      'inspect',
      '--tls-verify=false',
      '--format',
      '{{.Digest}}',
      `docker://${name}`,
    );
    assert.equal(inspected, digest);
  });
});
