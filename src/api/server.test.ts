import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { CreateRequest } from '#engine/containers';
import { conflict, notFound, notModified, systemError, unsupported } from '#lib/errors';
import { noSuchContainer, TestServer } from './fake-engine.fixture.ts';

const message = (text: string) => (JSON.parse(text) as { message: string }).message;

test('versions', async () => {
  await using server = await TestServer.start({});
  const ping = await server.request('GET', '/_ping');
  assert.equal(ping.text, 'OK');
  assert.equal(ping.headers['api-version'], '1.56');
  assert.equal(ping.headers['ostype'], 'linux');
  for (const path of ['/v1.24/_ping', '/v1.50/_ping', '/v1.56/_ping']) {
    assert.equal((await server.request('GET', path)).status, 200, path);
  }
  assert.equal((await server.request('HEAD', '/_ping')).status, 200);
  const old = await server.request('GET', '/v1.23/_ping');
  assert.equal(old.status, 400);
  assert.equal(
    old.text,
    'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n',
  );
  assert.match(old.headers['content-type'] ?? '', /^text\/plain/);
  for (const odd of ['/v1/_ping', '/v.../_ping', '/v1.1.9/_ping'])
    assert.equal((await server.request('GET', odd)).status, 400, odd);
  assert.equal((await server.request('GET', 'http://docker/v1.24/_ping')).text, 'OK');
  assert.equal(ping.headers['server'], 'Docker/0.0.0 (linux)');
  const future = await server.request('GET', '/v1.57/_ping');
  assert.equal(future.status, 400);
  assert.match(
    message(future.text),
    /^client version 1\.57 is too new\. Maximum supported API version is 1\.56/,
  );
});

test('unknown routes and methods', async () => {
  await using server = await TestServer.start({});
  for (const [method, path] of [
    ['GET', '/nope'],
    ['GET', '/v1.50'],
    ['POST', '/_ping'],
    ['GET', '/containers/a/b/c'],
    ['HEAD', '/version'],
    ['PUT', '/info'],
    ['POST', '/nodes/create'],
  ] as const) {
    const answer = await server.request(method, path);
    assert.equal(answer.status, 404, path);
    if (method !== 'HEAD') assert.deepEqual(JSON.parse(answer.text), { message: 'page not found' });
  }
  const options = await server.request('OPTIONS', '/v1.50/whatever');
  assert.deepEqual([options.status, options.text], [200, '']);
  assert.equal((await server.request('GET', '/containers/json?filters=%zz')).status, 400);
  assert.equal((await server.request('GET', '/containers/%zz/json')).status, 400);
});

test('every kind of error has its status', async () => {
  const failures = [
    [notFound('No such container: x'), 404],
    [conflict('in use'), 409],
    [unsupported('not here'), 501],
    [systemError('broken'), 500],
    [new Error('a bug'), 500],
  ] as const;
  for (const [error, status] of failures) {
    await using server = await TestServer.start({
      containers: { start: () => Promise.reject(error) },
    });
    const answer = await server.request('POST', '/v1.50/containers/x/start');
    assert.equal(answer.status, status);
    assert.equal(message(answer.text), error.message);
  }
  await using server = await TestServer.start({
    containers: { start: () => Promise.reject(notModified('already started')) },
  });
  assert.equal((await server.request('POST', '/containers/x/start')).status, 304);
});

test('names with slashes and escapes reach the engine whole', async () => {
  const asked: string[] = [];
  await using server = await TestServer.start({
    images: {
      history: (name: string) => {
        asked.push(name);
        return [];
      },
    },
  });
  for (const name of ['busybox', 'localhost:5000/team/app:1.0', 'app%2Fx@sha256:00', 'json/history/json']) {
    assert.equal((await server.request('GET', `/v1.50/images/${name}/history`)).status, 200);
  }
  assert.deepEqual(asked, ['busybox', 'localhost:5000/team/app:1.0', 'app/x@sha256:00', 'json/history/json']);
});

test('bodies that are no good', async () => {
  await using server = await TestServer.start({});
  const create = (body: string | undefined, type = 'application/json') =>
    server.request('POST', '/containers/create', body, { headers: { 'content-type': type } });
  for (const [answer, pattern] of [
    [await create('{'), /^invalid JSON: /],
    [await create('[]'), /^invalid JSON: the document must be an object, not an array$/],
    [await create('{} {}'), /^invalid JSON: /],
    [
      await create('{"HostConfig":{"Memory":"1"}}'),
      /^invalid JSON: HostConfig\.Memory must be a whole number, not a string$/,
    ],
    [
      await create('{}', 'text/plain'),
      /^unsupported Content-Type header \(text\/plain\): must be 'application\/json'$/,
    ],
    [await create('{"HostConfig":{"PortBindings":{"x":[]}}}'), /^invalid port specification: "x"$/],
    [
      await create('{"HostConfig":{"RestartPolicy":{"Name":"often"}}}'),
      /^invalid restart policy: unknown policy 'often'/,
    ],
    [
      await create('{"HostConfig":{"Mounts":[{"Type":"odd"}]}}'),
      /^invalid mount config for type "odd": mount type unknown$/,
    ],
  ] as const) {
    assert.equal(answer.status, 400, answer.text);
    assert.match(message(answer.text), pattern);
  }
  const huge = await create(`{"Image":"${'x'.repeat(9 * 1024 * 1024)}"}`).catch(() => undefined);
  if (huge) assert.equal(huge.status, 413);
});

test('a body that never ends is answered, then cut off', async () => {
  await using server = await TestServer.start({});
  const socket = server.connect();
  socket.write(
    'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const chunk = `${(64 * 1024).toString(16)}\r\n${' '.repeat(64 * 1024)}\r\n`;
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  socket.on('error', () => {});
  const sender = setInterval(() => socket.writable && socket.write(chunk), 0);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(sender);
  assert.match(received, /^HTTP\/1\.1 413 /);
});

test('a create call arrives as the engine speaks', async () => {
  let request: CreateRequest | undefined;
  await using server = await TestServer.start({
    containers: {
      create: (given) => {
        request = given;
        return Promise.resolve({ id: 'abc', warnings: ['w'] });
      },
    },
  });
  const answer = await server.request('POST', '/v1.50/containers/create?name=/web&platform=linux/amd64', {
    Image: 'busybox',
    Cmd: 'true',
    Entrypoint: null,
    ExposedPorts: { '80/tcp': {}, '53/udp': null },
    HostConfig: {
      NetworkMode: 'default',
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080-8081' }, {}], '81': null },
      PidsLimit: null,
      MemorySwappiness: -1,
      Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    },
    NetworkingConfig: {
      EndpointsConfig: { default: { Aliases: ['db'], IPAMConfig: { IPv4Address: '10.0.0.9' } } },
    },
    MacAddress: '02:00:00:00:00:01',
  });
  assert.equal(answer.status, 201);
  assert.deepEqual(JSON.parse(answer.text), {
    Id: 'abc',
    Warnings: [
      'w',
      'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.',
    ],
  });
  assert.ok(request);
  assert.equal(request.name, 'web');
  assert.deepEqual(request.config.cmd, ['true']);
  assert.equal(request.config.entrypoint, undefined);
  assert.deepEqual(request.config.exposedPorts, ['80/tcp', '53/udp']);
  const { hostConfig } = request;
  assert.ok(hostConfig?.resources);
  assert.equal(hostConfig.networkMode, 'bridge');
  assert.deepEqual(hostConfig.portBindings, [
    // Without a binding, this version meant any port of the host.
    { containerPort: 81, protocol: 'tcp', hostIp: '', hostPort: 0 },
    { containerPort: 80, protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 8080, hostPortEnd: 8081 },
    { containerPort: 80, protocol: 'tcp', hostIp: '', hostPort: 0 },
  ]);
  assert.equal(hostConfig.resources.pidsLimit, undefined);
  assert.equal(hostConfig.resources.memorySwappiness, undefined);
  assert.deepEqual(request.endpoints, [
    {
      network: 'bridge',
      aliases: ['db'],
      links: [],
      mac: '02:00:00:00:00:01',
      address: '10.0.0.9',
      linkLocal: [],
      driverOptions: {},
      gatewayPriority: 0,
    },
  ]);
});

test('filters that nobody knows are refused by name', async () => {
  await using server = await TestServer.start({ containers: { list: () => [] } });
  const list = (filters: string) =>
    server.request('GET', `/containers/json?filters=${encodeURIComponent(filters)}`);
  for (const [filters, text] of [
    ['{"colour":["red"]}', "invalid filter 'colour'"],
    ['{"status":["busy"]}', "invalid filter 'status=busy'"],
    ['{"exited":["x"]}', "invalid filter 'exited=x'"],
    ['{"is-task":["maybe"]}', "invalid filter 'is-task=[maybe]'"],
    ['nonsense', 'invalid filters: expected JSON of the form {"name":["value"]}'],
  ] as const) {
    const answer = await list(filters);
    assert.equal(answer.status, 400);
    assert.equal(message(answer.text), text);
  }
});

test('wait answers its headers at once', async () => {
  const exit = Promise.withResolvers<{ exitCode: number; error: string }>();
  await using server = await TestServer.start({
    containers: {
      get: (reference) => {
        if (reference !== 'here') throw noSuchContainer(reference);
        return { id: 'here' } as never;
      },
      wait: () => exit.promise,
    },
  });
  assert.equal((await server.request('POST', '/containers/gone/wait')).status, 404);
  assert.equal((await server.request('POST', '/containers/here/wait?condition=soon')).status, 400);
  const socket = server.connect().setEncoding('utf8');
  socket.write('POST /containers/here/wait?condition=next-exit HTTP/1.1\r\nHost: x\r\n\r\n');
  const [head] = (await once(socket, 'data')) as [string];
  assert.match(head, /^HTTP\/1\.1 200 OK/);
  exit.resolve({ exitCode: 3, error: '' });
  const [body] = (await once(socket, 'data')) as [string];
  assert.match(body, /\{"StatusCode":3\}/);
  socket.destroy();
});

test('swarm and plugins say that they are not there, BuildKit what it needs', async () => {
  await using server = await TestServer.start({});
  for (const [method, path, status] of [
    ['GET', '/services', 503],
    ['GET', '/nodes/x', 503],
    ['GET', '/swarm', 503],
    ['POST', '/swarm/init', 501],
    ['POST', '/build?version=2', 400],
    ['POST', '/session', 400],
    ['POST', '/grpc', 400],
    ['PUT', '/volumes/x?version=1', 503],
    ['POST', '/services/create', 503],
    ['POST', '/swarm/leave', 503],
    ['GET', '/plugins', 200],
    ['GET', '/plugins/a/b/json', 404],
    ['POST', '/plugins/a/b/enable?timeout=0', 404],
    ['POST', '/plugins/pull?remote=x', 501],
  ] as const) {
    assert.equal((await server.request(method, path)).status, status, path);
  }
});

test('closing ends streams that would never end', async () => {
  const server = await TestServer.start({
    events: {
      async *subscribe(_query, signal) {
        await once(signal, 'abort');
        yield* [];
      },
    },
  });
  const stream = server.request('GET', '/events');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await server[Symbol.asyncDispose]();
  assert.equal((await stream).status, 200);
});
