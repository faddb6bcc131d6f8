import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { digestOf } from '#oci/digest';
import { encodeDocument, MediaType } from '#oci/image';
import { manifestOf, Served } from '../testing/served.ts';
import { RequestMetrics } from './request-metrics.ts';

let served: Served;
before(async () => {
  served = await Served.start();
});
after(() => served[Symbol.asyncDispose]());

const json = (body: Buffer): Record<string, unknown> => JSON.parse(body.toString());
const begin = async (name: string): Promise<string> => {
  const { status, headers } = await served.send('POST', `/v2/${name}/blobs/uploads/`);
  assert.equal(status, 202);
  return headers.location ?? '';
};

describe('blobs', () => {
  it('are there after one request, whole, in ranges and by HEAD', async () => {
    const digest = await served.pushBlob('a/blobs', '0123456789');
    const path = `/v2/a/blobs/blobs/${digest}`;
    const whole = await served.send('GET', path);
    assert.deepEqual([whole.status, whole.body.toString()], [200, '0123456789']);
    assert.equal(whole.headers['docker-content-digest'], digest);
    const head = await served.send('HEAD', path);
    assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '10', 0]);
    const part = (range: string) => served.send('GET', path, '', { range });
    for (const [range, expected, shown] of [
      ['bytes=2-4', '234', 'bytes 2-4/10'],
      ['bytes=7-', '789', 'bytes 7-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=5-500', '56789', 'bytes 5-9/10'],
    ] as const) {
      const { status, body, headers } = await part(range);
      assert.deepEqual([status, body.toString(), headers['content-range']], [206, expected, shown]);
    }
    assert.equal((await part('bytes=10-')).status, 416);
    assert.equal((await part('bytes=4-2')).status, 200);
    assert.equal((await served.send('GET', path, '', { 'if-none-match': `"${digest}"` })).status, 304);
  });

  it('belong to the repositories that have them; mounted without being sent again; deleted', async () => {
    const digest = await served.pushBlob('a/owner', 'shared');
    const other = `/v2/a/other/blobs/${digest}`;
    assert.equal((await served.send('HEAD', other)).status, 404);
    assert.equal(
      (await served.send('POST', `/v2/a/other/blobs/uploads/?mount=${digest}&from=a/nobody`)).status,
      202,
    );
    const mounted = await served.send('POST', `/v2/a/other/blobs/uploads/?mount=${digest}&from=a/owner`);
    assert.deepEqual([mounted.status, mounted.headers.location], [201, other]);
    assert.equal((await served.send('GET', other)).body.toString(), 'shared');
    assert.equal((await served.send('DELETE', `/v2/a/owner/blobs/${digest}`)).status, 202);
    assert.equal((await served.send('DELETE', `/v2/a/owner/blobs/${digest}`)).code, 'BLOB_UNKNOWN');
    assert.equal((await served.send('GET', other)).status, 200);
  });

  it('of sha512 and of no bytes', async () => {
    const digest = digestOf('long', 'sha512');
    assert.equal((await served.send('POST', `/v2/a/b/blobs/uploads/?digest=${digest}`, 'long')).status, 201);
    assert.equal((await served.send('GET', `/v2/a/b/blobs/${digest}`)).body.toString(), 'long');
    const empty = await served.pushBlob('a/b', '');
    assert.equal((await served.send('GET', `/v2/a/b/blobs/${empty}`)).headers['content-length'], '0');
  });
});

describe('uploads', () => {
  const chunk = (at: string, body: string, range?: string) =>
    served.send('PATCH', at, body, range === undefined ? {} : { 'content-range': range });

  it('in chunks, which must go on where the last one ended', async () => {
    const at = await begin('a/chunks');
    assert.equal((await chunk(at, 'hello', '0-4')).headers['range'], '0-4');
    for (const range of ['0-4', '7-11', '4-8']) {
      const { status, headers } = await chunk(at, 'world', range);
      assert.deepEqual([status, headers['range'], headers.location], [416, '0-4', at]);
    }
    assert.equal((await chunk(at, 'world!', '5-9')).code, 'SIZE_INVALID');
    assert.equal((await chunk(at, 'world', 'five')).code, 'BLOB_UPLOAD_INVALID');
    assert.equal((await served.send('GET', at)).headers['range'], '0-4');
    assert.equal((await chunk(at, ' wor', '5-8')).status, 202);
    const digest = digestOf('hello world');
    const done = await served.send('PUT', `${at}?digest=${digest}`, 'ld', { 'content-range': '9-10' });
    assert.deepEqual([done.status, done.headers['docker-content-digest']], [201, digest]);
    assert.equal((await served.send('GET', done.headers.location ?? '')).body.toString(), 'hello world');
    // Finished once is finished.
    assert.equal((await served.send('PUT', `${at}?digest=${digest}`)).code, 'BLOB_UPLOAD_UNKNOWN');
  });

  it('go on after a restart of the registry', async () => {
    const at = await begin('a/resumed');
    await chunk(at, 'before ');
    await served.restart();
    assert.equal((await served.send('GET', at)).headers['range'], '0-6');
    await chunk(at, 'after', '7-11');
    const digest = digestOf('before after');
    assert.equal((await served.send('PUT', `${at}?digest=${digest}`)).status, 201);
  });

  it('of something else leave nothing', async () => {
    const at = await begin('a/wrong');
    await chunk(at, 'content');
    const digest = digestOf('another content');
    assert.equal((await served.send('PUT', `${at}?digest=${digest}`)).code, 'DIGEST_INVALID');
    assert.equal((await served.send('GET', at)).status, 404);
    assert.equal((await served.send('HEAD', `/v2/a/wrong/blobs/${digest}`)).status, 404);
    assert.equal((await served.send('POST', '/v2/a/b/blobs/uploads/?digest=md5:1')).code, 'DIGEST_INVALID');
    assert.equal((await served.send('PUT', await begin('a/wrong'))).code, 'DIGEST_INVALID');
  });

  it('are cancelled; are found in their own repository alone', async () => {
    const at = await begin('a/mine');
    assert.equal((await served.send('GET', at.replace('mine', 'yours'))).code, 'BLOB_UPLOAD_UNKNOWN');
    assert.equal((await served.send('DELETE', at)).status, 204);
    assert.equal((await served.send('GET', at)).status, 404);
    assert.equal((await served.send('GET', '/v2/a/mine/blobs/uploads/..%2f..%2flock')).status, 404);
    assert.equal((await served.send('GET', '/v2/a/mine/blobs/uploads/1')).code, 'BLOB_UPLOAD_UNKNOWN');
  });

  it('keep what had come when the connection breaks, and the next request takes over', async () => {
    const at = await begin('a/broken');
    const [host, port] = served.host.split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => {});
    const half = Buffer.alloc(1 << 20, 'x');
    socket.write(`PATCH ${at} HTTP/1.1\r\nHost: x\r\nContent-Length: ${2 * half.length}\r\n\r\n`);
    await new Promise((resolve) => socket.write(half, resolve));
    const here = async () => {
      const { headers } = await served.send('GET', at);
      return Number(headers['range']?.toString().split('-')[1]) + 1;
    };
    while ((await here()) < 1 << 18);
    // It hangs: whoever comes next takes over, and learns how much is here.
    const last = Buffer.alloc(10, 'y');
    assert.equal((await served.send('PATCH', at)).status, 202);
    const offset = await here();
    assert.ok(offset <= half.length);
    const rest = Buffer.concat([half.subarray(offset), last]);
    const digest = digestOf(Buffer.concat([half, last]));
    assert.equal((await served.send('PUT', `${at}?digest=${digest}`, rest)).status, 201);
  });

  it('of one blob by many at once', async () => {
    const content = Buffer.alloc(300_000, 'race');
    await Promise.all(Array.from({ length: 8 }, () => served.pushBlob('a/race', content)));
    const { body } = await served.send('GET', `/v2/a/race/blobs/${digestOf(content)}`);
    assert.ok(body.equals(content));
  });
});

describe('manifests', () => {
  it('are stored with their tag, found by both, deleted by both', async () => {
    const digest = await served.pushImage('m/app', 'v1', 'layer');
    const byTag = await served.send('GET', '/v2/m/app/manifests/v1');
    assert.deepEqual([byTag.headers['content-type'], digestOf(byTag.body)], [MediaType.ociManifest, digest]);
    const head = await served.send('HEAD', `/v2/m/app/manifests/${digest}`);
    assert.deepEqual([head.status, head.headers['content-length']], [200, String(byTag.body.length)]);
    assert.equal((await served.send('PUT', '/v2/m/app/manifests/v2', byTag.body)).status, 201);
    assert.equal((await served.send('DELETE', '/v2/m/app/manifests/v1')).status, 202);
    assert.equal((await served.send('GET', '/v2/m/app/manifests/v1')).code, 'MANIFEST_UNKNOWN');
    assert.equal((await served.send('GET', '/v2/m/app/manifests/v2')).status, 200);
    assert.equal((await served.send('DELETE', `/v2/m/app/manifests/${digest}`)).status, 202);
    assert.equal((await served.send('GET', '/v2/m/app/manifests/v2')).status, 404);
    assert.deepEqual(json((await served.send('GET', '/v2/m/app/tags/list')).body)['tags'], []);
    assert.equal((await served.send('GET', '/v2/m/none/manifests/v1')).code, 'NAME_UNKNOWN');
  });

  it('are refused when they are wrong, or name what is not here', async () => {
    const put = (body: string | Buffer, type = MediaType.ociManifest as string, reference = 'x') =>
      served.send('PUT', `/v2/m/bad/manifests/${reference}`, body, { 'content-type': type });
    assert.equal((await put('{')).code, 'MANIFEST_INVALID');
    assert.equal((await put('[]')).code, 'MANIFEST_INVALID');
    assert.equal((await put('{"schemaVersion":1}')).code, 'MANIFEST_INVALID');
    assert.equal((await put('{}', 'text/html')).code, 'MANIFEST_INVALID');
    const unknown = manifestOf('{}', ['nowhere']);
    assert.equal((await put(unknown)).code, 'MANIFEST_BLOB_UNKNOWN');
    assert.equal((await put(unknown, MediaType.ociManifest, digestOf('other'))).code, 'DIGEST_INVALID');
    const many = manifestOf(
      '{}',
      Array.from({ length: 10_000 }, (_, i) => String(i)),
    );
    assert.equal((await put(many)).code, 'MANIFEST_BLOB_UNKNOWN');
    assert.equal((await put(Buffer.alloc((4 << 20) + 1, '['))).status, 413);
    // Deep, and within the limit: what reads it must not fall.
    assert.equal((await put('['.repeat(4 << 20))).code, 'MANIFEST_INVALID');
    // An index that names itself, as far as one can: what it will be called.
    const self = { mediaType: MediaType.ociIndex, digest: digestOf('self'), size: 10 };
    const index = encodeDocument({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [self] });
    assert.equal((await put(index, MediaType.ociIndex)).code, 'MANIFEST_BLOB_UNKNOWN');
    await served.pushBlob('m/bad', '{}');
    await served.pushBlob('m/bad', 'layer');
    const wrongSize = manifestOf('{}', ['layer']).toString().replace('"size":5', '"size":6');
    assert.equal((await put(wrongSize)).code, 'MANIFEST_INVALID');
    assert.deepEqual(json((await served.send('GET', '/v2/m/bad/tags/list')).body)['tags'], []);
  });

  it('a tag that many push at once is one of theirs', async () => {
    const pushed = await Promise.all(
      Array.from({ length: 6 }, (_, i) => served.pushImage('m/race', 'latest', `layer ${i}`)),
    );
    const { body } = await served.send('GET', '/v2/m/race/manifests/latest');
    assert.ok(pushed.includes(digestOf(body)));
    for (const digest of pushed)
      assert.equal((await served.send('HEAD', `/v2/m/race/manifests/${digest}`)).status, 200);
  });

  it('referrers are listed by what they belong to, and by kind', async () => {
    const subject = await served.pushImage('m/ref', 'v1', 'layer');
    const belongs = (artifactType: string) => ({
      artifactType,
      subject: { mediaType: MediaType.ociManifest, digest: subject, size: 1 },
      annotations: { kind: artifactType },
    });
    const sbom = await served.pushImage('m/ref', 'sbom', 'packages', belongs('application/sbom'));
    await served.pushImage('m/ref', 'sig', 'signature', belongs('application/sig'));
    const list = async (query = '') => {
      const { headers, body } = await served.send('GET', `/v2/m/ref/referrers/${subject}${query}`);
      return { headers, found: json(body)['manifests'] as { digest: string; annotations: object }[] };
    };
    assert.equal((await list()).found.length, 2);
    const filtered = await list('?artifactType=application/sbom');
    assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
    assert.deepEqual(
      filtered.found.map(({ digest, annotations }) => [digest, annotations]),
      [[sbom, { kind: 'application/sbom' }]],
    );
    await served.send('DELETE', `/v2/m/ref/manifests/${sbom}`);
    assert.equal((await list()).found.length, 1);
    const none = await served.send('GET', `/v2/m/nobody/referrers/${subject}`);
    assert.deepEqual([none.status, json(none.body)['manifests']], [200, []]);
  });
});

describe('lists', () => {
  it('tags and repositories come in pages', async () => {
    for (const tag of ['b', 'a', 'C']) await served.pushImage('z/list', tag, 'layer');
    const tags = async (query: string) => {
      const { body, headers } = await served.send('GET', `/v2/z/list/tags/list${query}`);
      return [json(body)['tags'], headers['link']];
    };
    assert.deepEqual(await tags(''), [['C', 'a', 'b'], undefined]);
    assert.deepEqual(await tags('?n=2'), [['C', 'a'], '</v2/z/list/tags/list?last=a&n=2>; rel="next"']);
    assert.deepEqual(await tags('?last=a&n=2'), [['b'], undefined]);
    assert.deepEqual(await tags('?n=0'), [[], undefined]);
    assert.equal((await served.send('GET', '/v2/z/list/tags/list?n=-1')).code, 'PAGINATION_NUMBER_INVALID');
    const { body, headers } = await served.send('GET', '/v2/_catalog?n=1&last=m/ref');
    assert.deepEqual(json(body)['repositories'], ['z/list']);
    assert.equal(headers['link'], undefined);
  });

  it('other tools read the storage as an OCI layout', async () => {
    const digest = await served.pushImage('z/layout', 'v1', 'layer');
    await served.restart();
    const index = json(await readFile(join(served.root, 'index.json')));
    const found = (index['manifests'] as { digest: string; annotations: Record<string, string> }[]).find(
      ({ annotations }) => annotations['org.opencontainers.image.ref.name'] === 'z/layout:v1',
    );
    assert.equal(found?.digest, digest);
  });
});

describe('what is not there or not possible', () => {
  it('has the code of the specification', async () => {
    for (const [method, path, status, code] of [
      ['GET', '/v2/', 200, undefined],
      ['POST', '/v2/', 405, 'UNSUPPORTED'],
      ['GET', '/v3/', 404, 'UNSUPPORTED'],
      ['GET', '/v2/A/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/../../etc/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a/..%2f..%2fetc/tags/list', 400, 'NAME_INVALID'],
      ['GET', `/v2/${'a/'.repeat(200)}a/tags/list`, 400, 'NAME_INVALID'],
      ['GET', '/v2/a/%ff/tags/list', 400, 'NAME_INVALID'],
      ['GET', '/v2/a/manifests/.hidden', 400, 'TAG_INVALID'],
      ['GET', '/v2/a/blobs/sha256:..', 400, 'DIGEST_INVALID'],
      ['GET', '/v2/nobody/tags/list', 404, 'NAME_UNKNOWN'],
    ] as const) {
      const answer = await served.send(method, path);
      assert.deepEqual([path, answer.status, answer.code], [path, status, code]);
    }
    assert.equal((await served.send('GET', '/healthz')).status, 200);
  });

  it('read-only: everything is pulled, nothing is pushed or deleted', async () => {
    const digest = await served.pushImage('z/fixed', 'v1', 'layer');
    await served.restart({ readOnly: true });
    assert.equal((await served.send('GET', '/v2/z/fixed/manifests/v1')).status, 200);
    assert.equal((await served.send('POST', '/v2/z/fixed/blobs/uploads/')).code, 'UNSUPPORTED');
    assert.equal((await served.send('DELETE', `/v2/z/fixed/manifests/${digest}`)).status, 405);
    await served.restart();
  });
});

describe('the page and the metrics', () => {
  it('show what is there as text, never as markup', async () => {
    await served.pushImage('page/app', 'v1', 'layer', { annotations: { x: '<b>' } });
    const list = await served.send('GET', '/');
    assert.match(list.body.toString(), /<a href="\/repositories\/page\/app">page\/app<\/a><td>1</);
    assert.match(list.headers['content-security-policy']?.toString() ?? '', /default-src 'none'/);
    const host = 'evil"><script>alert(1)</script>';
    const one = await served.send('GET', '/repositories/page/app', '', { host });
    assert.match(one.body.toString(), /docker pull evil&#34;&#62;&#60;script&#62;/);
    assert.ok(!one.body.includes('<script'));
    assert.equal((await served.send('GET', '/repositories/page/none')).code, 'NAME_UNKNOWN');
  });

  it('count requests, bytes and times', async () => {
    const metrics = new RequestMetrics(served.registry);
    await served.restart({ metrics });
    await served.pushBlob('page/app', 'counted');
    const text = await metrics.exposition();
    assert.match(text, /requests_total\{kind="uploads",method="POST",status="201"\} 1\n/);
    assert.match(text, /received_bytes_total 7\n/);
    assert.match(text, /request_seconds_count\{kind="uploads"\} 1\n/);
  });
});
