import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createServer } from 'node:tls';
import {
  FluentdReceiver,
  GelfReceiver,
  Rsyslog,
  StreamReceiver,
} from '../../../../test/fixtures/log-receivers.ts';
import { EXAMPLE_SOURCE } from '../source.ts';
import type { Message, Sink } from './driver.ts';
import { FORWARDING_DRIVERS } from './index.ts';
import { EventTime } from './msgpack.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-drivers-'));
after(() => rmSync(directory, { recursive: true }));

const signal = new AbortController().signal;
const TIME = 1_795_305_240_123_456_789n;
const source = {
  ...EXAMPLE_SOURCE,
  id: 'abcdef0123456789'.repeat(4),
  name: 'web',
  imageName: 'app:1',
  command: ['run', 'it'],
  env: ['OS=linux'],
  labels: { role: 'front' },
};
const extra = { labels: 'role', env: 'OS', tag: '{{.Name}}' };

const open = (driver: string, options: Readonly<Record<string, string>>): Sink => {
  const found = FORWARDING_DRIVERS.get(driver);
  assert.ok(found);
  found.validate(options);
  return found.open(options, source);
};

const message = (line: string, stream: Message['stream'] = 'stdout'): Message => ({
  stream,
  time: TIME,
  line: Buffer.from(line),
});

async function send(sink: Sink, ...messages: readonly Message[]): Promise<void> {
  let count = 0;
  await sink.connect(signal);
  await sink.send(messages, (n) => (count += n), signal);
  assert.equal(count, messages.length);
  await sink.disconnect();
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const noRsyslog = spawnSync('rsyslogd', ['-v']).status === 0 ? false : 'rsyslogd is not installed';

describe('syslog, as rsyslogd understands it', { skip: noRsyslog }, () => {
  it('tcp, udp, a datagram socket; every format', async () => {
    await using rsyslog = await Rsyslog.start();
    const addresses = [
      `tcp://127.0.0.1:${rsyslog.tcpPort}`,
      `udp://127.0.0.1:${rsyslog.udpPort}`,
      `unixgram://${rsyslog.socket}`,
      `unix://${rsyslog.socket}`,
    ];
    const formats = [
      {},
      { 'syslog-format': 'rfc3164' },
      { 'syslog-format': 'rfc5424' },
      { 'syslog-format': 'rfc5424micro' },
    ];
    for (const address of addresses)
      for (const format of formats) {
        // imuxsock takes what local programs write, which has no host's name.
        if (address.startsWith('unix') && 'syslog-format' in format) continue;
        const before = rsyslog.messages.length;
        const options = { 'syslog-address': address, 'syslog-facility': 'local3', tag: 'web', ...format };
        await send(open('syslog', options), message('to stdout'), message('to stderr', 'stderr'));
        await until(() => rsyslog.messages.length === before + 2);
        const [first, second] = rsyslog.messages.slice(before);
        assert.equal(first?.msg.trim(), 'to stdout', address);
        assert.equal(second?.msg.trim(), 'to stderr');
        assert.deepEqual([first?.syslogfacility, first?.syslogseverity], ['19', '6']);
        assert.equal(second?.syslogseverity, '3');
        assert.equal(first?.programname, 'web', JSON.stringify(format));
        assert.equal(first?.procid, String(process.pid));
        assert.equal(
          Date.parse(first?.timereported ?? '') / 1000,
          Number(TIME / 1_000_000_000n) +
            ('syslog-format' in format && format['syslog-format'] === 'rfc5424micro' ? 0.123 : 0),
        );
        if ('syslog-format' in format) assert.equal(first?.hostname.toLowerCase(), hostname().toLowerCase());
      }
  });

  it('a receiver that was away is found again', async () => {
    await using rsyslog = await Rsyslog.start();
    const sink = open('syslog', { 'syslog-address': `tcp://127.0.0.1:${rsyslog.tcpPort}` });
    await sink.send([message('one')], () => {}, signal);
    await until(() => rsyslog.messages.length === 1);
    await rsyslog.stop();
    await assert.rejects(
      sink.send([message('lost')], () => {}, signal),
      { message: /^dial tcp 127/ },
    );
    await rsyslog.start();
    await sink.send([message('two')], () => {}, signal);
    await until(() => rsyslog.messages.length === 2);
    await sink.disconnect();
  });
});

const noOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

it('syslog over TLS: certificates are checked, and the length comes before each message', {
  skip: noOpenssl,
}, async () => {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      ...curve,
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
    ],
    { cwd: directory, stdio: 'pipe' },
  );
  const file = (name: string) => join(directory, name);
  let text = '';
  const server = createServer(
    { key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) },
    (socket) => {
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    },
  ).on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const options = { 'syslog-address': `tcp+tls://localhost:${port}`, 'syslog-format': 'rfc5424' };
  await assert.rejects(send(open('syslog', options), message('refused')), {
    message: /self-signed certificate/,
  });
  await send(open('syslog', { ...options, 'syslog-tls-ca-cert': file('cert.pem') }), message('trusted'));
  await send(
    open('syslog', { ...options, 'syslog-tls-skip-verify': 'true' }),
    message('blind'),
    message('again'),
  );
  assert.throws(() => open('syslog', { ...options, 'syslog-address': 'tcp+tls://localhost:port' }));
  await until(() => text.includes('again'));
  server.close();
  const entries: string[] = [];
  for (let rest = text; rest; ) {
    const [, length = '', tail = ''] = /^(\d+) (.*)$/s.exec(rest) ?? [];
    entries.push(tail.slice(0, Number(length)));
    rest = tail.slice(Number(length));
  }
  assert.deepEqual(
    entries.map((entry) => entry.split(' - ')[1]),
    ['trusted', 'blind', 'again'],
  );
});

describe('gelf', () => {
  it('udp: fields, compression, chunks', async () => {
    using graylog = await GelfReceiver.start();
    const options = { 'gelf-address': graylog.address, ...extra };
    const random = Array.from({ length: 12_000 }, () => String.fromCharCode(33 + Math.random() * 90)).join(
      '',
    );
    await send(open('gelf', options), message('short'), message(''), message(random, 'stderr'));
    await send(open('gelf', { ...options, 'gelf-compression-type': 'zlib' }), message('zlib'));
    await send(open('gelf', { ...options, 'gelf-compression-type': 'none' }), message('none'));
    await until(() => graylog.messages.length === 4);
    const [first, second] = graylog.messages;
    assert.deepEqual(first, {
      version: '1.1',
      host: hostname(),
      short_message: 'short',
      timestamp: 1_795_305_240.123,
      level: 6,
      _container_id: source.id,
      _container_name: 'web',
      _image_id: source.imageId,
      _image_name: 'app:1',
      _command: 'run it',
      _tag: 'web',
      _created: source.created,
      _role: 'front',
      _OS: 'linux',
    });
    assert.equal(second?.['short_message'], random);
    assert.equal(second?.['level'], 3);
    assert.ok(graylog.chunks > 1);
    assert.deepEqual([...graylog.compressions].sort(), ['gzip', 'none', 'zlib']);
  });

  it('tcp: messages end with a zero byte; how often it tries is said', async () => {
    await using receiver = await StreamReceiver.start();
    const address = `tcp://127.0.0.1:${receiver.port}`;
    await send(open('gelf', { 'gelf-address': address }), message('one'), message('two'));
    await until(() => receiver.text.includes('two'));
    const messages = receiver.text
      .split('\0')
      .slice(0, -1)
      .map((text) => JSON.parse(text) as { short_message: string });
    assert.deepEqual(
      messages.map(({ short_message }) => short_message),
      ['one', 'two'],
    );
    const { retry } = open('gelf', {
      'gelf-address': address,
      'gelf-tcp-max-reconnect': '7',
      'gelf-tcp-reconnect-delay': '2',
    });
    assert.deepEqual([retry.attempts, retry.delay(1), retry.delay(5)], [7, 2000, 2000]);
  });
});

describe('fluentd', () => {
  it('records, times, pieces', async () => {
    await using fluentd = await FluentdReceiver.start();
    const options = { 'fluentd-address': `127.0.0.1:${fluentd.port}`, ...extra };
    const piece = { ...message('part'), partial: { id: 'x', ordinal: 2, last: false } };
    await send(open('fluentd', options), message('hello'), piece);
    await send(
      open('fluentd', { ...options, 'fluentd-sub-second-precision': 'true' }),
      message('fine', 'stderr'),
    );
    await until(() => fluentd.entries.length === 3);
    const common = { container_id: source.id, container_name: '/web', role: 'front', OS: 'linux' };
    const [hello, part, fine] = fluentd.entries;
    assert.deepEqual(hello, {
      tag: 'web',
      time: 1_795_305_240,
      record: { ...common, source: 'stdout', log: 'hello' },
    });
    assert.deepEqual(part?.record, {
      ...common,
      source: 'stdout',
      log: 'part',
      partial_message: 'true',
      partial_id: 'x',
      partial_ordinal: '2',
      partial_last: 'false',
    });
    assert.deepEqual(fine?.time, new EventTime(TIME));
  });

  it('over a unix socket, and with acknowledgements: what was not confirmed is not delivered', async () => {
    const path = join(directory, 'fluentd.sock');
    await using fluentd = await FluentdReceiver.start(path);
    const sink = open('fluentd', { 'fluentd-address': `unix://${path}`, 'fluentd-request-ack': 'true' });
    await sink.send([message('one')], () => {}, signal);
    fluentd.silent = 1;
    let delivered = 0;
    await assert.rejects(
      sink.send([message('two')], (n) => (delivered += n), signal),
      { message: /connection was closed/ },
    );
    assert.equal(delivered, 0);
    await sink.send([message('two')], (n) => (delivered += n), signal);
    assert.equal(delivered, 1);
    assert.equal(fluentd.acknowledged, 2);
    await sink.disconnect();
  });

  it('a receiver that does not answer in time', async () => {
    await using mute = await StreamReceiver.start();
    const sink = open('fluentd', {
      'fluentd-address': `tcp://127.0.0.1:${mute.port}`,
      'fluentd-request-ack': 'true',
      'fluentd-read-timeout': '20ms',
    });
    await assert.rejects(
      sink.send([message('hello')], () => {}, signal),
      { message: /timed out/ },
    );
    await sink.disconnect();
  });

  it('async: a start does not wait for it', async () => {
    const away = { 'fluentd-address': '127.0.0.1:1' };
    await assert.rejects(open('fluentd', away).connect(signal), {
      message: 'dial tcp 127.0.0.1:1: connect: connection refused',
    });
    await open('fluentd', { ...away, 'fluentd-async': 'true' }).connect(signal);
    const { retry } = open('fluentd', { ...away, 'fluentd-retry-wait': '2s', 'fluentd-max-retries': '4' });
    assert.deepEqual([retry.attempts, retry.delay(1), retry.delay(2)], [4, 2000, 3000]);
  });
});
