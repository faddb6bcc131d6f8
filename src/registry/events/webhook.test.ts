import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { silentLogger } from '#lib/log';
import { digestOf } from '#oci/digest';
import { DiskRecords } from '../storage/index.ts';
import { eventOf, type RegistryEvent } from './event.ts';
import { Webhook } from './webhook.ts';

const got: { headers: IncomingHttpHeaders; body: string }[] = [];
let answer = 200;
let heard = Promise.withResolvers<void>();
const receiver = createServer((request, response) => {
  void text(request).then((body) => {
    got.push({ headers: request.headers, body });
    response.writeHead(answer).end();
    heard.resolve();
    heard = Promise.withResolvers();
  });
});
let root = '';
let url = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-webhook-'));
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
after(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await rm(root, { recursive: true });
});

const event = (repository: string, action: RegistryEvent['action'] = 'push'): RegistryEvent =>
  eventOf({
    action,
    repository,
    tag: 'v1',
    digest: digestOf(repository),
    mediaType: 'x',
    size: 1,
    user: 'ali',
    base: 'http://registry',
    request: { id: '1', addr: '::1', host: 'registry', method: 'PUT', useragent: undefined },
  });
const records = () => new DiskRecords(root, root);
const told = (): string[] =>
  got.flatMap(({ body }) =>
    (JSON.parse(body) as { events: RegistryEvent[] }).events.map(({ target }) => target.repository),
  );

it('tells what it is for, signed; what fails comes again, in order, after a restart too', async () => {
  const options = { url, secret: 'key', repositories: ['team/*'], actions: ['push' as const] };
  const hook = new Webhook(options, records(), silentLogger, 1);
  await hook.start();
  const first = heard.promise;
  await hook.add(event('other/app'));
  await hook.add(event('team/app', 'delete'));
  await hook.add(event('team/one'));
  await first;
  const [{ headers, body } = { headers: {}, body: '' }] = got;
  assert.deepEqual(told(), ['team/one']);
  assert.equal(
    headers['x-berth-signature'],
    `sha256=${createHmac('sha256', 'key').update(body).digest('hex')}`,
  );
  answer = 500;
  const failed = heard.promise;
  await hook.add(event('team/two'));
  await hook.add(event('team/three'));
  await failed;
  await hook[Symbol.asyncDispose]();
  answer = 200;
  got.length = 0;
  const delivered = heard.promise;
  await using again = new Webhook(options, records(), silentLogger, 1);
  await again.start();
  await delivered;
  assert.deepEqual(told().slice(-2), ['team/two', 'team/three']);
});
