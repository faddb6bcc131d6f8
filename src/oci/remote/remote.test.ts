import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { DigestMismatchError, digestOf, SizeMismatchError } from '#oci/digest';
import { type Descriptor, encodeDocument, MAX_MANIFEST_BYTES, MediaType } from '#oci/image';
import { parseReference } from '#oci/reference';
import { explainRefusal, isLoopback, NetworkError, RegistryError, Remote } from './index.ts';
import { FakeRegistry } from './testing/fake-registry.ts';

const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
const blob: Descriptor = { mediaType: MediaType.ociLayer, digest: digestOf(content), size: content.length };
const BLOB = `GET /v2/app/blobs/${blob.digest}`;
const manifest = encodeDocument({
  schemaVersion: 2,
  mediaType: MediaType.ociManifest,
  config: blob,
  layers: [],
});
const MANIFEST_HEADERS = {
  'content-type': MediaType.ociManifest,
  'docker-content-digest': digestOf(manifest),
};

const refused =
  (
    kind: 'not-found' | 'unauthorized' | 'forbidden' | 'unavailable' | 'invalid' | 'unsupported',
    message: RegExp,
  ) =>
  (error: unknown) => {
    assert.ok(isKind(error, kind) && message.test(error.message), String(error));
    return true;
  };

test('a manifest is fetched by tag, verified and described', async () => {
  await using registry = await FakeRegistry.start();
  registry.on('GET /v2/app/manifests/1', (request, response) => {
    assert.match(request.headers.accept ?? '', /oci\.image\.index.*manifest\.list/);
    response.writeHead(200, MANIFEST_HEADERS).end(manifest);
  });
  registry.on('HEAD /v2/app/manifests/1', (_, response) =>
    response.writeHead(200, { ...MANIFEST_HEADERS, 'content-length': manifest.length }).end(),
  );
  await using repository = registry.repository();
  const expected = { mediaType: MediaType.ociManifest, digest: digestOf(manifest), size: manifest.length };
  assert.deepEqual(await repository.manifest('1'), { descriptor: expected, content: manifest });
  assert.deepEqual(await repository.resolve('1'), expected);
  assert.deepEqual(registry.log, ['GET /v2/', 'GET /v2/app/manifests/1', 'HEAD /v2/app/manifests/1']);
});

test('a registry that answers HEAD badly is asked with GET', async () => {
  await using registry = await FakeRegistry.start();
  registry.on('HEAD /v2/app/manifests/1', (_, response) => response.writeHead(405).end());
  registry.on('GET /v2/app/manifests/1', (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(manifest),
  );
  await using repository = registry.repository();
  assert.equal((await repository.resolve('1')).mediaType, MediaType.ociManifest);
});

test('a manifest that is not what it is called is refused', async () => {
  await using registry = await FakeRegistry.start();
  const other = digestOf('other');
  registry.on(`GET /v2/app/manifests/${other}`, (_, response) =>
    response.writeHead(200, { 'content-type': MediaType.ociManifest }).end(manifest),
  );
  registry.on('GET /v2/app/manifests/lies', (_, response) =>
    response.writeHead(200, { 'docker-content-digest': other }).end(manifest),
  );
  registry.on('GET /v2/app/manifests/type', (_, response) =>
    response.writeHead(200, { 'content-type': MediaType.dockerList }).end(manifest),
  );
  registry.on('GET /v2/app/manifests/huge', (_, response) =>
    response.writeHead(200, { 'content-length': MAX_MANIFEST_BYTES + 1 }).write('{'),
  );
  registry.on('GET /v2/app/manifests/endless', (_, response) => {
    const more = (error?: Error | null): void => void (error || response.write(Buffer.alloc(100_000), more));
    more();
  });
  registry.on('GET /v2/app/manifests/old', (_, response) =>
    response.writeHead(200, { 'content-type': MediaType.dockerSchema1Signed }).end('{"schemaVersion":1}'),
  );
  await using repository = registry.repository();
  await assert.rejects(repository.manifest(other), DigestMismatchError);
  await assert.rejects(repository.manifest('lies'), DigestMismatchError);
  await assert.rejects(repository.manifest('type'), refused('invalid', /announced as/));
  await assert.rejects(repository.manifest('huge'), refused('invalid', /too large/));
  await assert.rejects(repository.manifest('endless'), refused('invalid', /larger than 4194304 bytes/));
  await assert.rejects(repository.manifest('old'), refused('unsupported', /schema 1/));
});

const reject =
  (status: number, code: string, message: string) =>
  (_: unknown, response: import('node:http').ServerResponse) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ errors: [{ code, message }] }));

test("refusals carry the registry's words, and Docker's when they are explained", async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository();
  const reference = parseReference('busybox:1');
  const cases: [
    handler: ReturnType<typeof reject>,
    kind: Parameters<typeof refused>[0],
    message: string,
    pull: string,
  ][] = [
    [
      reject(404, 'MANIFEST_UNKNOWN', 'manifest unknown'),
      'not-found',
      'manifest unknown: manifest unknown',
      'manifest for busybox:1 not found: manifest unknown: manifest unknown',
    ],
    [
      reject(404, 'NAME_UNKNOWN', 'repository name not known'),
      'not-found',
      'name unknown: repository name not known',
      'repository busybox not found: name unknown: repository name not known',
    ],
    [
      reject(403, 'DENIED', 'requested access to the resource is denied'),
      'forbidden',
      'denied: requested access to the resource is denied',
      "pull access denied for busybox, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ],
    [
      reject(401, 'UNAUTHORIZED', 'authentication required'),
      'unauthorized',
      'unauthorized: authentication required',
      "pull access denied for busybox, repository does not exist or may require 'docker login': unauthorized: authentication required",
    ],
    [
      (_, response) => response.writeHead(404).end('<html>'),
      'not-found',
      'manifest unknown: manifest unknown',
      'manifest for busybox:1 not found: manifest unknown: manifest unknown',
    ],
    [
      (_, response) => response.writeHead(418).end('<html>'),
      'invalid',
      `unexpected status from GET request to http://${registry.host}/v2/app/manifests/1: 418`,
      `unexpected status from GET request to http://${registry.host}/v2/app/manifests/1: 418`,
    ],
    [
      (_, response) => response.writeHead(429).end(),
      'unavailable',
      'toomanyrequests: too many requests',
      'toomanyrequests: too many requests',
    ],
  ];
  for (const [handler, kind, message, pull] of cases) {
    registry.on('GET /v2/app/manifests/1', handler);
    await assert.rejects(repository.manifest('1'), (error) => {
      assert.ok(error instanceof RegistryError);
      assert.deepEqual([error.kind, error.message], [kind, message]);
      const explained = explainRefusal(error, reference, 'pull');
      assert.equal(explained instanceof Error && explained.message, pull);
      return true;
    });
  }
  assert.equal(explainRefusal('x', reference, 'pull'), 'x');
});

test('passing failures are repeated, others not', async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository();
  registry.onEach(
    'GET /v2/app/manifests/1',
    (_, response) => response.writeHead(503).end(),
    (_, response) => response.writeHead(429, { 'retry-after': '0' }).end(),
    (request) => request.socket.destroy(),
    (_, response) => response.writeHead(200, MANIFEST_HEADERS).end(manifest),
  );
  assert.deepEqual((await repository.manifest('1')).content, manifest);
  assert.equal(registry.requests('GET /v2/app/manifests/1'), 4);
  registry.on('GET /v2/app/manifests/2', (_, response) => response.writeHead(500).end());
  await assert.rejects(repository.manifest('2'), refused('unavailable', /500/));
  assert.equal(registry.requests('GET /v2/app/manifests/2'), 5);
  registry.on('GET /v2/app/manifests/3', reject(400, 'TAG_INVALID', 'no'));
  await assert.rejects(repository.manifest('3'), refused('invalid', /tag invalid: no/));
  assert.equal(registry.requests('GET /v2/app/manifests/3'), 1);
});

test('a registry that wants to be left alone for long is, and says for how long', async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository();
  registry.on('GET /v2/app/manifests/1', (_, response) =>
    response.writeHead(429, { 'retry-after': '3600' }).end(),
  );
  await assert.rejects(
    repository.manifest('1'),
    refused('unavailable', /^toomanyrequests: too many requests \(try again in 3600 seconds\)$/),
  );
  assert.equal(registry.requests('GET /v2/app/manifests/1'), 1);
});

test('a broken download goes on where it broke', async () => {
  await using registry = await FakeRegistry.start();
  const ranges: (string | undefined)[] = [];
  const cut =
    (from: number, to: number) =>
    (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => {
      ranges.push(request.headers.range);
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      assert.equal(start, from);
      const headers = {
        'content-length': content.length - from,
        ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
      };
      response.writeHead(from > 0 ? 206 : 200, headers);
      if (to === content.length) response.end(content.subarray(from));
      else response.write(content.subarray(from, to), () => setImmediate(() => response.destroy()));
    };
  registry.onEach(BLOB, cut(0, 1000), cut(1000, 3000), cut(3000, content.length));
  await using repository = registry.repository();
  assert.ok((await buffer(repository.blob(blob))).equals(content));
  assert.deepEqual(ranges, [undefined, 'bytes=1000-', 'bytes=3000-']);
});

test('a download begins behind what is there already, even when the server knows no ranges', async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository();
  registry.on(BLOB, (_, response) =>
    response.writeHead(200, { 'content-length': content.length }).end(content),
  );
  assert.ok((await buffer(repository.blob(blob, { offset: 1234 }))).equals(content.subarray(1234)));
  registry.on(BLOB, (_, response) =>
    response.writeHead(206, { 'content-range': 'bytes 1200-4999/5000' }).end(content.subarray(1200)),
  );
  assert.ok((await buffer(repository.blob(blob, { offset: 1234 }))).equals(content.subarray(1234)));
  assert.equal((await buffer(repository.blob(blob, { offset: content.length }))).length, 0);
});

test('wrong, short, long and missing blobs are errors', async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository();
  const serve = (body: Buffer) => registry.on(BLOB, (_, response) => response.writeHead(200).end(body));
  serve(Buffer.alloc(content.length));
  await assert.rejects(buffer(repository.blob(blob)), DigestMismatchError);
  serve(content.subarray(0, 100));
  await assert.rejects(
    buffer(repository.blob(blob)),
    (error) => error instanceof DigestMismatchError || error instanceof SizeMismatchError,
  );
  serve(Buffer.concat([content, content]));
  await assert.rejects(buffer(repository.blob(blob)), SizeMismatchError);
  registry.on(BLOB, (_, response) => response.writeHead(404).end());
  await assert.rejects(buffer(repository.blob(blob)), refused('not-found', /blob unknown/));
  registry.on(BLOB, (_, response) => response.writeHead(416).end());
  await assert.rejects(buffer(repository.blob(blob, { offset: 10 })), SizeMismatchError);
  registry.on(BLOB, (request) => request.socket.destroy());
  await assert.rejects(buffer(repository.blob(blob)), NetworkError);
});

test('a download is cancelled by its signal', async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository();
  registry.on(BLOB, (_, response) => response.writeHead(200).write(content.subarray(0, 10)));
  const controller = new AbortController();
  const stalled = (async () => {
    for await (const _ of repository.blob(blob, {}, controller.signal)) controller.abort();
  })();
  await assert.rejects(stalled, (error) => isKind(error, 'cancelled'));
  await assert.rejects(repository.manifest('1', controller.signal), (error) => isKind(error, 'cancelled'));
  assert.deepEqual(registry.requests('GET /v2/app/manifests'), 0);
});

test('a registry that stalls, or answers drop by drop, is given up', async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository({ stallTimeout: 100, downloadAttempts: 2 });
  registry.on('GET /v2/app/manifests/silent', () => {});
  await assert.rejects(repository.manifest('silent'), refused('unavailable', /timed out while waiting/));
  registry.on('GET /v2/app/manifests/drops', (_, response) => {
    response.writeHead(200, MANIFEST_HEADERS);
    const drop = (): void => void (response.destroyed || response.write(' ', () => setTimeout(drop, 20)));
    drop();
  });
  await assert.rejects(repository.manifest('drops'), refused('unavailable', /takes too long/));
  registry.on(BLOB, (_, response) => response.writeHead(200).write(content.subarray(0, 10)));
  await assert.rejects(buffer(repository.blob(blob)), refused('unavailable', /timed out while waiting/));
});

test('redirects are followed without the credentials of the registry', async () => {
  await using storage = await FakeRegistry.start();
  await using registry = await FakeRegistry.start();
  const seen: (string | undefined)[] = [];
  storage.on('GET /signed', (request, response) => {
    seen.push(request.headers.authorization);
    response.end(content);
  });
  registry.on(BLOB, (request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(307, { location: `http://${storage.host}/signed?key=x` }).end();
  });
  await using repository = registry.repository({ auth: { registryToken: 'secret' } });
  assert.ok((await buffer(repository.blob(blob))).equals(content));
  assert.deepEqual(seen, ['Bearer secret', undefined]);
  registry.on(BLOB, (_, response) =>
    response.writeHead(302, { location: `/v2/app/blobs/${blob.digest}` }).end(),
  );
  await assert.rejects(buffer(repository.blob(blob)), refused('unavailable', /redirects without end/));
  registry.on(BLOB, (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
  await assert.rejects(buffer(repository.blob(blob)), refused('unavailable', /redirects to file/));
});

test('bearer tokens are fetched for a scope and kept', async () => {
  await using registry = await FakeRegistry.start();
  const given: string[] = [];
  const guarded = (
    request: import('node:http').IncomingMessage,
    response: import('node:http').ServerResponse,
  ): boolean => {
    if (request.headers.authorization === 'Bearer good') return true;
    const realm = `Bearer realm="http://${registry.host}/token?x=1",service="reg, istry",scope="ignored"`;
    response.writeHead(401, { 'www-authenticate': realm }).end();
    return false;
  };
  registry.on('GET /v2/', (request, response) => void (guarded(request, response) && response.end()));
  registry.on(
    'GET /v2/app/manifests/1',
    (request, response) =>
      void (guarded(request, response) && response.writeHead(200, MANIFEST_HEADERS).end(manifest)),
  );
  registry.on('GET /token', (request, response) => {
    given.push(`${request.url} ${request.headers.authorization}`);
    response.end(JSON.stringify({ token: 'good', expires_in: 300 }));
  });
  await using repository = registry.repository({ auth: { username: 'me', password: 'pass:word' } });
  await Promise.all([repository.manifest('1'), repository.manifest('1'), repository.manifest('1')]);
  const basic = `Basic ${Buffer.from('me:pass:word').toString('base64')}`;
  assert.deepEqual(given, [
    `/token?x=1&service=reg%2C+istry&scope=repository%3Aapp%3Apull&account=me ${basic}`,
  ]);
  await repository.ping();
  assert.match(given[1] ?? '', /^\/token\?x=1&service=reg%2C\+istry&account=me /);
});

test('a token that is no longer taken is replaced once', async () => {
  await using registry = await FakeRegistry.start();
  let current = 1;
  const challenge = { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` };
  registry.on('GET /v2/', (_, response) => response.writeHead(401, challenge).end());
  registry.on('GET /token', (_, response) =>
    response.end(JSON.stringify({ access_token: `t${current}`, expires_in: 1e9 })),
  );
  registry.on('GET /v2/app/manifests/1', (request, response) => {
    const good = request.headers.authorization === `Bearer t${current}`;
    if (good) response.writeHead(200, MANIFEST_HEADERS).end(manifest);
    else response.writeHead(401, challenge).end();
  });
  await using repository = registry.repository();
  await repository.manifest('1');
  current = 2;
  await repository.manifest('1');
  assert.equal(registry.requests('GET /token'), 2);
  registry.on('GET /v2/app/manifests/1', (_, response) => response.writeHead(401, challenge).end());
  await assert.rejects(repository.manifest('1'), refused('unauthorized', /authentication required/));
  assert.equal(registry.requests('GET /v2/app/manifests/1'), 5);
});

test('an identity token is exchanged; a token server that refuses is heard', async () => {
  await using registry = await FakeRegistry.start();
  registry.on('GET /v2/', (_, response) =>
    response
      .writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token",service=s` })
      .end(),
  );
  registry.on('GET /v2/app/manifests/1', (request, response) => {
    assert.equal(request.headers.authorization, 'Bearer fresh');
    response.writeHead(200, MANIFEST_HEADERS).end(manifest);
  });
  let form = '';
  registry.on('POST /token', (request, response) => {
    void text(request).then((body) => {
      form = body;
      response.end('{"access_token":"fresh"}');
    });
  });
  await using repository = registry.repository({ auth: { identityToken: 'id&token' } });
  await repository.manifest('1');
  assert.equal(
    form,
    'service=s&scope=repository%3Aapp%3Apull&grant_type=refresh_token&refresh_token=id%26token&client_id=berth',
  );
  await using other = registry.repository({ auth: { username: 'me', password: 'wrong' } });
  registry.on('GET /token', (_, response) =>
    response.writeHead(401).end('{"details":"incorrect username or password"}'),
  );
  await assert.rejects(other.manifest('1'), refused('forbidden', /incorrect username or password/));
  for (const answer of ['{}', 'x', '{"token":"a\\nb"}', 'null']) {
    registry.on('GET /token', (_, response) => response.end(answer));
    await assert.rejects(other.manifest('1'), refused('invalid', /token server/));
  }
});

test('basic authentication is shown only when asked for, and not twice', async () => {
  await using registry = await FakeRegistry.start();
  const seen: (string | undefined)[] = [];
  registry.on('GET /v2/', (_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
  );
  registry.on('GET /v2/app/manifests/1', (request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  });
  await using repository = registry.repository({ auth: { username: 'me', password: 'x' } });
  await assert.rejects(repository.manifest('1'), refused('unauthorized', /authentication required/));
  assert.deepEqual(seen, ['Basic bWU6eA==']);
});

test('mirrors are asked first and for pulls only; the registry has the last word', async () => {
  await using registry = await FakeRegistry.start();
  await using mirror = await FakeRegistry.start();
  await using empty = await FakeRegistry.start();
  const authorizations: (string | undefined)[] = [];
  mirror.on('GET /cache/v2/', (_, response) => response.end());
  mirror.on('GET /cache/v2/app/manifests/1', (request, response) => {
    authorizations.push(request.headers.authorization);
    response.writeHead(200, MANIFEST_HEADERS).end(manifest);
  });
  registry.on(BLOB, (_, response) => response.end(content));
  registry.on(`HEAD /v2/app/blobs/${blob.digest}`, (_, response) => response.end());
  const mirrors = ['http://127.0.0.1:1', `http://${empty.host}`, `http://${mirror.host}/cache/`];
  await using repository = registry.repository({ mirrors, auth: { registryToken: 'secret' } });
  assert.deepEqual((await repository.manifest('1')).content, manifest);
  assert.ok((await buffer(repository.blob(blob))).equals(content));
  assert.deepEqual(authorizations, [undefined]);
  assert.equal(empty.requests('GET /v2/app'), 2);
  assert.equal(await repository.hasBlob(blob.digest), true);
  assert.equal(mirror.requests('HEAD'), 0);
  await assert.rejects(repository.manifest('2'), refused('not-found', /manifest unknown/));
});

test('loopback registries need no TLS', async () => {
  await using registry = await FakeRegistry.start();
  registry.on('GET /v2/app/manifests/1', (_, response) =>
    response.writeHead(200, MANIFEST_HEADERS).end(manifest),
  );
  await using repository = Remote.repository(registry.reference(), { retryDelay: 1 });
  assert.deepEqual((await repository.manifest('1')).content, manifest);
  await using strict = Remote.repository(registry.reference(), {
    retryDelay: 1,
    endpoint: `https://${registry.host}`,
  });
  await assert.rejects(strict.ping(), refused('unavailable', /server gave HTTP response to HTTPS client/));
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]', 'LOCALHOST'])
    assert.equal(isLoopback(host), true);
  for (const host of ['localhost.test', '128.0.0.1', '127.test', '::2', ''])
    assert.equal(isLoopback(host), false);
});

test('a registry that is not there is told from one that refuses', async () => {
  await using repository = Remote.repository(parseReference('127.0.0.1:1/app'), { retryDelay: 1 });
  await assert.rejects(repository.ping(), refused('unavailable', /127\.0\.0\.1:1\/v2\/: connection refused/));
  assert.throws(
    () => Remote.repository(parseReference('app'), { mirrors: ['ftp://x'] }),
    refused('invalid', /invalid registry URL/),
  );
});

test('tags are listed page by page, and never in circles', async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository();
  registry.on('GET /v2/app/tags/list?n=1000', (_, response) =>
    response
      .writeHead(200, { link: '</v2/app/tags/list?n=1000&last=b>; rel="next"' })
      .end('{"tags":["a","b"]}'),
  );
  registry.on('GET /v2/app/tags/list?n=1000&last=b', (_, response) =>
    response.writeHead(200, { link: '</v2/app/tags/list?n=1000>; rel="next"' }).end('{"tags":["c"]}'),
  );
  assert.deepEqual(await repository.tags(), ['a', 'b', 'c']);
  registry.on('GET /v2/app/tags/list?n=1000', (_, response) => response.end('{"tags":null}'));
  assert.deepEqual(await repository.tags(), []);
  registry.on('GET /v2/app/tags/list?n=1000', (_, response) => response.end('{"tags":[1]}'));
  await assert.rejects(repository.tags(), refused('invalid', /no list of tags/));
});

test('an upload is repeated whole, and its own failure is told from the network', async () => {
  await using registry = await FakeRegistry.start();
  await using repository = registry.repository();
  const received: Buffer[] = [];
  registry.on('POST /v2/app/blobs/uploads/', (_, response) =>
    response.writeHead(202, { location: '/v2/app/blobs/uploads/1?state=a' }).end(),
  );
  const accept = (
    request: import('node:http').IncomingMessage,
    response: import('node:http').ServerResponse,
  ) => {
    const stored = (body: Buffer): void => {
      received.push(body);
      response.writeHead(202, { location: '/v2/app/blobs/uploads/1?state=b' }).end();
    };
    buffer(request).then(stored, () => undefined);
  };
  registry.onEach('PATCH /v2/app/blobs/uploads/1?state=a', (request) => request.socket.destroy(), accept);
  registry.on('PUT /v2/app/blobs/uploads/1', (request, response) => {
    assert.equal(request.url, `/v2/app/blobs/uploads/1?state=b&digest=${encodeURIComponent(blob.digest)}`);
    response.writeHead(201).end();
  });
  let opened = 0;
  await repository.pushBlob(blob, () => {
    opened++;
    return Readable.from([content.subarray(0, 99), content.subarray(99)]);
  });
  assert.equal(opened, 2);
  assert.deepEqual(received, [content]);
  await assert.rejects(
    repository.pushBlob(blob, () => Readable.from([Buffer.alloc(content.length)])),
    DigestMismatchError,
  );
  await assert.rejects(
    repository.pushBlob(blob, () => Readable.from([content.subarray(1)])),
    SizeMismatchError,
  );
  const failing = async function* (): AsyncGenerator<Buffer> {
    yield content.subarray(0, 10);
    throw new Error('disk gone');
  };
  await assert.rejects(repository.pushBlob(blob, failing), /disk gone/);
  registry.on('POST /v2/app/blobs/uploads/', reject(403, 'DENIED', 'no'));
  await assert.rejects(repository.pushBlob(blob, failing), refused('forbidden', /denied: no/));
});
