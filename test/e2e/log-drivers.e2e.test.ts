import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { FluentdReceiver, GelfReceiver, Rsyslog } from '../fixtures/log-receivers.ts';

const daemon = Daemon.forThisFile();

const run = (flags: readonly string[], script: string) =>
  daemon.docker('run', ...flags, 'busybox', 'sh', '-c', script);
const opts = (driver: string, options: Readonly<Record<string, string>>) => [
  '--log-driver',
  driver,
  ...Object.entries(options).flatMap(([name, value]) => ['--log-opt', `${name}=${value}`]),
];

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Lines that are told apart by their numbers: all are there, in order, and few of them twice. */
function assertSequence(numbers: readonly number[], count: number, repeats: number): void {
  const firsts = [...new Set(numbers)];
  assert.deepEqual(
    firsts,
    Array.from({ length: count }, (_, i) => i + 1),
  );
  assert.ok(numbers.length - firsts.length <= repeats, `${numbers.length - firsts.length} repeats`);
}

describe('syslog', () => {
  it('all of a container that is removed at its end, and docker logs beside it', async () => {
    await using rsyslog = await Rsyslog.start();
    const options = { 'syslog-address': `tcp://127.0.0.1:${rsyslog.tcpPort}`, tag: '{{.Name}}' };
    await run(['--rm', '--name', 'gone', ...opts('syslog', options)], 'echo out; echo err >&2; printf rest');
    await eventually('all lines', () => rsyslog.messages.length === 3);
    const said = rsyslog.messages.map((m) => [m.programname, m.syslogseverity, m.msg.trim()]);
    assert.deepEqual(said.sort(), [
      ['gone', '3', 'err'],
      ['gone', '6', 'out'],
      ['gone', '6', 'rest'],
    ]);
    const flags = ['--name', 'stays', '-e', 'STAGE=a b', '-l', 'team=x', ...opts('syslog', options)];
    await run([...flags, '--log-opt', 'env=STAGE', '--log-opt', 'labels=team'], 'echo kept');
    assert.equal(await daemon.ok('logs', 'stays'), 'kept');
    assert.equal(await daemon.ok('logs', '--details', 'stays'), 'STAGE=a+b,tag=stays,team=x kept');
    assert.equal(await daemon.inspect('stays', '.LogPath'), '');
    await daemon.ok('rm', 'stays');
  });

  it('nothing is lost when the receiver and the daemon die, and hardly anything comes twice', async () => {
    await using rsyslog = await Rsyslog.start();
    const options = {
      'syslog-address': `tcp://127.0.0.1:${rsyslog.tcpPort}`,
      'cache-max-size': '50k',
      'cache-max-file': '2',
    };
    const script =
      'i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo "n $i xxxxxxxxxxxxxxxxxxxxxxxxxxxx"; [ $((i % 20)) = 0 ] && sleep 0.01; done';
    await run(['-d', '--name', 'tough', ...opts('syslog', options)], script);
    await eventually('some lines', () => rsyslog.messages.length > 100);
    await daemon.kill9();
    await daemon.start();
    const before = rsyslog.messages.length;
    await eventually('more lines', () => rsyslog.messages.length > before);
    const numbers = () => rsyslog.messages.map(({ msg }) => Number(/n (\d+)/.exec(msg)?.[1]));
    const there = () => new Set(numbers());
    // What a receiver has been sent and not read when it dies is lost: plain tcp says nothing of it.
    await daemon.ok('pause', 'tough');
    const written = (await daemon.ok('logs', 'tough')).split('\n');
    const last = Number(/n (\d+)/.exec(written.at(-1) ?? '')?.[1]);
    await eventually('all that is written', () => there().has(last));
    await rsyslog.stop();
    await daemon.ok('unpause', 'tough');
    await daemon.kill9();
    await daemon.start();
    await eventually('a failed delivery', () => /cannot deliver the log/.test(daemon.log));
    await rsyslog.start();
    await daemon.ok('wait', 'tough');
    await eventually('the last line', () => there().has(6000), 60_000);
    assertSequence(numbers(), 6000, 1000);
    await daemon.ok('rm', 'tough');
  });

  it('a start says that the receiver is away', async () => {
    const port = await closedPort();
    const failed = await run(
      ['--name', 'unheard', ...opts('syslog', { 'syslog-address': `tcp://127.0.0.1:${port}` })],
      'true',
    );
    assert.notEqual(failed.code, 0);
    assert.match(
      failed.stderr,
      new RegExp(
        `failed to initialize logging driver: dial tcp 127.0.0.1:${port}: connect: connection refused`,
      ),
    );
    assert.match(
      String(await daemon.inspect('unheard', '.State.Error')),
      /failed to initialize logging driver/,
    );
    await daemon.ok('rm', 'unheard');
  });
});

describe('fluentd', () => {
  it('async: a container starts without its receiver, which gets all of it in the end, once', async () => {
    const port = await closedPort();
    const options = {
      'fluentd-address': `127.0.0.1:${port}`,
      'fluentd-async': 'true',
      'fluentd-request-ack': 'true',
      'fluentd-retry-wait': '100ms',
      'cache-max-size': '20k',
      'cache-max-file': '1',
      tag: 'app.{{.Name}}',
    };
    await run(
      ['--name', 'early', ...opts('fluentd', options)],
      'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; [ $((i % 100)) = 0 ] && sleep 0.05; done',
    );
    await using fluentd = await FluentdReceiver.start(port);
    await eventually('all lines', () => fluentd.entries.length >= 3000);
    assertSequence(
      fluentd.entries.map(({ record }) => Number(record['log'])),
      3000,
      0,
    );
    const [first] = fluentd.entries;
    assert.equal(first?.tag, 'app.early');
    assert.equal(first.record['container_name'], '/early');
    assert.ok(fluentd.acknowledged > 0);
    await daemon.ok('rm', 'early');
  });

  it('what was not delivered when daemon and container ended is delivered by the next daemon', async () => {
    const port = await closedPort();
    const options = { 'fluentd-address': `127.0.0.1:${port}`, 'fluentd-async': 'true' };
    await run(['--name', 'late', ...opts('fluentd', options)], 'seq 1 100');
    await daemon.stop();
    await using fluentd = await FluentdReceiver.start(port);
    await daemon.start();
    await eventually('all lines', () => fluentd.entries.length >= 100);
    await daemon.ok('start', '-a', 'late');
    await eventually('all lines of both runs', () => fluentd.entries.length >= 200);
    assert.deepEqual(
      fluentd.entries.map(({ record }) => Number(record['log'])),
      [...Array(200).keys()].map((i) => (i % 100) + 1),
    );
    await daemon.ok('rm', 'late');
  });
});

it('gelf', async () => {
  using graylog = await GelfReceiver.start();
  const flags = ['--name', 'gray', ...opts('gelf', { 'gelf-address': graylog.address })];
  await run(flags, 'echo hello; head -c 40000 /dev/zero | tr "\\0" x; echo');
  // Into how many pieces the long line is cut depends on how conmon read it.
  const said = () => graylog.messages.reduce((sum, each) => sum + String(each['short_message']).length, 0);
  await eventually('all messages', () => said() === 'hello'.length + 40_000);
  const [hello, ...pieces] = graylog.messages;
  assert.equal(hello?.['short_message'], 'hello');
  assert.equal(hello['_container_id'], await daemon.inspect('gray', '.Id'));
  assert.equal(pieces.map((piece) => piece['short_message']).join(''), 'x'.repeat(40_000));
  assert.equal((await daemon.ok('logs', 'gray')).length, 'hello\n'.length + 40_000);
  await daemon.ok('rm', 'gray');
});

it('what keeps nothing says so, as Docker does', async () => {
  using graylog = await GelfReceiver.start();
  const uncached = opts('gelf', { 'gelf-address': graylog.address, 'cache-disabled': 'true' });
  for (const flags of [['--log-driver', 'none'], uncached]) {
    await run(['--name', 'mute', ...flags], 'echo hello');
    const logs = await daemon.docker('logs', 'mute');
    assert.equal(logs.code, 1);
    assert.match(logs.stderr, /configured logging driver does not support reading/);
    await daemon.ok('rm', 'mute');
  }
  await eventually('the message', () => graylog.messages.length === 1);
});

it('wrong options are refused by name, and leave nothing', async () => {
  for (const [flags, message] of [
    [opts('syslog', { colour: 'red' }), /unknown log opt 'colour' for syslog log driver/],
    [opts('gelf', {}), /gelf-address is a required parameter/],
    [opts('fluentd', { 'fluentd-async': 'perhaps' }), /fluentd-async: 'perhaps'/],
    [opts('json-file', { mode: 'loose' }), /logging mode not supported: loose/],
    [opts('papyrus', {}), /no log driver named 'papyrus' is registered/],
  ] as const) {
    const refused = await daemon.docker('create', '--name', 'wrong', ...flags, 'busybox');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, message);
  }
  assert.equal(await daemon.ok('ps', '-aq'), '');
  assert.match(await daemon.ok('info'), /Log: fluentd gelf journald json-file local none syslog/);
});

it('the files of a log that is turned over are compressed', async () => {
  const options = { 'max-size': '20k', 'max-file': '3', compress: 'true' };
  await run(
    ['-d', '--name', 'turned', ...opts('json-file', options)],
    'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line $i"; [ $((i % 50)) = 0 ] && sleep 0.05; done',
  );
  const path = String(await daemon.inspect('turned', '.LogPath'));
  await daemon.ok('wait', 'turned');
  const { stdout } = await daemon.run('ls', [path.slice(0, path.lastIndexOf('/'))]);
  assert.match(stdout, /container\.log\.1\.gz/);
  assert.match(await daemon.ok('logs', 'turned'), /line 3000$/);
  await daemon.ok('rm', 'turned');
});
