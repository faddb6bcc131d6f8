import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { digestOf } from '#oci/digest';
import { MediaType } from '#oci/image';
import { manifestOf, Served } from '../testing/served.ts';

describe('a registry behind ours', () => {
  let upstream: Served;
  let served: Served;
  const big = Buffer.alloc(3 << 20, 'big layer ');
  const options = () => ({
    upstreams: [{ prefix: 'cache/', url: `http://${upstream.host}`, ttl: 0 }],
  });
  before(async () => {
    upstream = await Served.start();
    await upstream.pushImage('team/app', 'v1', big);
    served = await Served.start(options());
  });
  after(async () => {
    await served[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });
  const blob = (content: string | Buffer) => `/v2/cache/team/app/blobs/${digestOf(content)}`;
  const tag = (name: string) => served.send('GET', `/v2/cache/team/app/manifests/${name}`);

  it('its images come when they are wanted, once, and stay when it is away', async () => {
    assert.equal((await served.send('GET', blob(big))).status, 404);
    const manifest = await tag('v1');
    assert.equal(manifest.status, 200);
    assert.equal((await served.send('HEAD', blob(big))).headers['content-length'], String(big.length));
    const many = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        served.send('GET', blob(big), '', i ? { range: `bytes=${i}-` } : {}),
      ),
    );
    for (const [i, { body, status }] of many.entries())
      assert.ok(status === (i ? 206 : 200) && body.equals(big.subarray(i)));
    assert.equal((await served.send('GET', blob('{}'))).body.toString(), '{}');
    assert.deepEqual(JSON.parse((await served.send('GET', '/v2/cache/team/app/tags/list')).body.toString()), {
      name: 'cache/team/app',
      tags: ['v1'],
    });
    const moved = await upstream.pushImage('team/app', 'v1', 'another layer');
    assert.equal(digestOf((await tag('v1')).body), moved);
    assert.equal((await tag('none')).code, 'MANIFEST_UNKNOWN');
    assert.equal((await served.send('GET', '/v2/cache/team/none/manifests/v1')).status, 404);
    assert.equal((await served.send('POST', '/v2/cache/team/app/blobs/uploads/')).code, 'UNSUPPORTED');
    await upstream.restart();
    // It is somewhere else now: for the cache it is away.
    await served.registry.collect({ grace: -1, uploadLifetime: 0, untagged: false });
    assert.equal((await tag('v1')).status, 200);
    assert.ok((await served.send('GET', blob(big))).body.equals(big));
    assert.equal((await tag('never-asked-for')).status, 503);
  });
});

describe('an upstream that lies or breaks', () => {
  const layer = Buffer.alloc(1 << 20, 'layer');
  const manifest = manifestOf('{}', [layer]);
  let answerBlob: RequestListener;
  const upstream = createServer((request, response) => {
    if (request.url?.includes('/blobs/')) return answerBlob(request, response);
    if (!request.url?.includes('/manifests/')) return response.writeHead(200).end();
    response.writeHead(200, {
      'content-type': MediaType.ociManifest,
      'content-length': manifest.length,
      'docker-content-digest': digestOf(manifest),
    });
    return response.end(request.method === 'HEAD' ? undefined : manifest);
  });
  let served: Served;
  before(async () => {
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { port } = upstream.address() as AddressInfo;
    served = await Served.start({
      upstreams: [{ prefix: '', url: `http://127.0.0.1:${port}`, ttl: 60_000 }],
    });
    assert.equal((await served.send('GET', '/v2/app/manifests/v1')).status, 200);
  });
  after(async () => {
    await served[Symbol.asyncDispose]();
    upstream.closeAllConnections();
    upstream.close();
  });
  const path = `/v2/app/blobs/${digestOf(layer)}`;

  it('what is not the blob is never taken for it: the last byte does not come', async () => {
    answerBlob = (_, response) => response.end(Buffer.alloc(layer.length, 'other'));
    await assert.rejects(served.send('GET', path), /aborted|hang up|reset/);
    assert.equal(await served.registry.blobs.find('app', digestOf(layer)), undefined);
  });

  it('what had come of one that broke off is not fetched again', async () => {
    const asked: (string | undefined)[] = [];
    const half = layer.length / 2;
    answerBlob = ({ headers: { range } }, response) => {
      asked.push(range);
      const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
      const rest = layer.subarray(from);
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': rest.length,
        ...(from > 0 && { 'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}` }),
      });
      if (from > 0) response.end(rest);
      else response.write(layer.subarray(0, half), () => response.destroy());
    };
    const { body } = await served.send('GET', path);
    assert.ok(body.equals(layer));
    assert.deepEqual([asked.length, asked[0]], [2, undefined]);
    assert.match(asked[1] ?? '', /^bytes=[1-9]\d*-$/);
  });
});
