import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const SLEEP = ['busybox', 'sleep', '600'];
/** Ends at once on SIGTERM, and says so. */
const POLITE = [
  'busybox',
  'sh',
  '-c',
  'trap "echo terminated; exit 0" TERM; echo ready; while :; do sleep 0.05; done',
];
const state = async (name: string) => (await daemon.inspect(name, '.State')) as Record<string, unknown>;
const status = async (name: string) => (await state(name))['Status'];
const ready = (name: string) =>
  eventually('ready', async () => (await daemon.docker('logs', name)).stdout.includes('ready'));

describe('from create to rm', () => {
  it('the states that inspect tells', async () => {
    const id = await daemon.ok('create', '--name', 'life', ...SLEEP);
    const created = await state('life');
    assert.deepEqual(
      [created['Status'], created['Running'], created['Pid'], created['ExitCode']],
      ['created', false, 0, 0],
    );
    assert.equal(created['StartedAt'], '0001-01-01T00:00:00Z');
    assert.equal(await daemon.ok('start', 'life'), 'life');
    const running = await state('life');
    assert.deepEqual([running['Status'], running['Running']], ['running', true]);
    assert.ok(Number(running['Pid']) > 0);
    assert.ok(Date.parse(String(running['StartedAt'])) > Date.now() - 60_000);
    await daemon.ok('kill', 'life');
    await daemon.ok('wait', 'life');
    const exited = await state('life');
    assert.deepEqual(
      [exited['Status'], exited['Running'], exited['Pid'], exited['ExitCode']],
      ['exited', false, 0, 137],
    );
    assert.ok(Date.parse(String(exited['FinishedAt'])) >= Date.parse(String(running['StartedAt'])));
    assert.equal(await daemon.ok('rm', 'life'), 'life');
    assert.match((await daemon.docker('inspect', id)).stderr, /No such object/i);
  });

  it('what it wrote is there after a restart', async () => {
    await daemon.docker('run', '--name', 'writes', 'busybox', 'sh', '-c', 'echo x >>/file; wc -l </file');
    assert.equal(await daemon.ok('start', '-a', 'writes'), '2');
    assert.equal(await daemon.ok('start', '-a', 'writes'), '3');
    await daemon.ok('rm', 'writes');
  });

  it('is known by name, by id and by the beginning of its id', async () => {
    const id = await daemon.ok('create', '--name', 'known', 'busybox');
    for (const reference of ['known', '/known', id, id.slice(0, 12), id.slice(0, 4)])
      assert.equal(await daemon.inspect(reference, '.Id'), id, reference);
    await daemon.ok('rm', id.slice(0, 12));
  });
});

describe('docker stop', () => {
  it('sends SIGTERM and waits', async () => {
    await daemon.ok('run', '-d', '--name', 'polite', ...POLITE);
    await ready('polite');
    assert.equal(await daemon.ok('stop', 'polite'), 'polite');
    assert.equal((await state('polite'))['ExitCode'], 0);
    assert.match(await daemon.ok('logs', 'polite'), /terminated/);
    await daemon.ok('rm', 'polite');
  });

  it('kills what does not listen, when its time is over', async () => {
    await daemon.ok('run', '-d', '--name', 'deaf', ...SLEEP);
    await daemon.ok('stop', '-t', '0', 'deaf');
    assert.equal((await state('deaf'))['ExitCode'], 137);
    await daemon.ok('start', 'deaf');
    await daemon.ok('stop', '-t', '1', 'deaf');
    assert.equal((await state('deaf'))['ExitCode'], 137);
    await daemon.ok('rm', 'deaf');
  });

  it("-s and the container's own --stop-signal and --stop-timeout", async () => {
    const script = 'trap "exit 10" USR1; trap "exit 12" USR2; echo ready; while :; do sleep 0.05; done';
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'signals',
      '--stop-signal',
      'USR1',
      '--stop-timeout',
      '30',
      'busybox',
      'sh',
      '-c',
      script,
    );
    await ready('signals');
    assert.deepEqual(
      [
        await daemon.inspect('signals', '.Config.StopSignal'),
        await daemon.inspect('signals', '.Config.StopTimeout'),
      ],
      ['USR1', 30],
    );
    await daemon.ok('stop', 'signals');
    assert.equal((await state('signals'))['ExitCode'], 10);
    await daemon.ok('start', 'signals');
    await eventually(
      'ready again',
      async () => (await daemon.ok('logs', 'signals')).split('ready').length === 3,
    );
    await daemon.ok('stop', '-s', 'USR2', 'signals');
    assert.equal((await state('signals'))['ExitCode'], 12);
    await daemon.ok('rm', 'signals');
  });

  it('what has stopped already stays so', async () => {
    await daemon.docker('run', '--name', 'done', 'busybox', 'true');
    assert.equal(await daemon.ok('stop', 'done'), 'done');
    await daemon.ok('rm', 'done');
  });

  it('an --rm container is gone afterwards', async () => {
    await daemon.ok('run', '-d', '--rm', '--name', 'fleeting', ...POLITE);
    await ready('fleeting');
    await daemon.ok('stop', 'fleeting');
    await eventually('it is gone', async () => (await daemon.ok('ps', '-aq')) === '');
  });
});

describe('docker kill', () => {
  it('sends any signal, by name and number', async () => {
    const script = 'trap "echo hup" HUP; trap "echo usr" USR1; echo ready; while :; do sleep 0.05; done';
    await daemon.ok('run', '-d', '--name', 'target', 'busybox', 'sh', '-c', script);
    await ready('target');
    await daemon.ok('kill', '-s', 'HUP', 'target');
    await eventually('hup', async () => (await daemon.ok('logs', 'target')).includes('hup'));
    await daemon.ok('kill', '-s', 'SIGUSR1', 'target');
    await eventually('usr', async () => (await daemon.ok('logs', 'target')).includes('usr'));
    assert.equal(await status('target'), 'running');
    await daemon.ok('kill', '-s', '9', 'target');
    assert.equal((await state('target'))['ExitCode'], 137);
    await daemon.ok('rm', 'target');
  });

  it('is refused for unknown signals and what does not run', async () => {
    await daemon.ok('create', '--name', 'idle', ...SLEEP);
    const idle = await daemon.docker('kill', 'idle');
    assert.equal(idle.code, 1);
    assert.match(idle.stderr, /cannot kill container: idle: container [0-9a-f]{64} is not running/);
    await daemon.ok('start', 'idle');
    const signal = await daemon.docker('kill', '-s', 'NOSUCH', 'idle');
    assert.match(signal.stderr, /invalid signal: NOSUCH/i);
    await daemon.ok('rm', '-f', 'idle');
  });
});

describe('docker restart', () => {
  it('with a signal of the caller’s', async () => {
    const script = 'trap "echo usr; exit 9" USR1; echo ready; while :; do sleep 0.05; done';
    await daemon.ok('run', '-d', '--name', 'asked', 'busybox', 'sh', '-c', script);
    await ready('asked');
    assert.equal((await daemon.request('POST', '/containers/asked/restart?signal=USR1&t=10')).status, 204);
    assert.match(await daemon.ok('logs', 'asked'), /^ready\nusr/);
    await daemon.ok('rm', '-f', 'asked');
    // Keys are for those who attach; clients send them along with a start.
    await daemon.ok('create', '--name', 'keys', 'busybox', 'true');
    assert.equal((await daemon.request('POST', '/containers/keys/start?detachKeys=ctrl-a')).status, 204);
    assert.equal((await daemon.request('POST', '/containers/keys/start?checkpoint=one')).status, 400);
    await daemon.ok('rm', '-f', 'keys');
  });

  it('stops and starts', async () => {
    await daemon.ok('run', '-d', '--name', 'again', ...POLITE);
    await ready('again');
    const before = await state('again');
    assert.equal(await daemon.ok('restart', 'again'), 'again');
    const after = await state('again');
    assert.equal(after['Status'], 'running');
    assert.notEqual(after['Pid'], before['Pid']);
    await eventually('both runs in the log', async () =>
      /ready\nterminated\nready/.test(await daemon.ok('logs', 'again')),
    );
    await daemon.ok('rm', '-f', 'again');
  });

  it('starts what had stopped', async () => {
    await daemon.ok('create', '--name', 'idle', ...SLEEP);
    await daemon.ok('restart', 'idle');
    assert.equal(await status('idle'), 'running');
    await daemon.ok('rm', '-f', 'idle');
  });

  it('an --rm container survives it', async () => {
    await daemon.ok('run', '-d', '--rm', '--name', 'kept', ...SLEEP);
    await daemon.ok('restart', '-t', '0', 'kept');
    assert.equal(await status('kept'), 'running');
    await daemon.ok('rm', '-f', 'kept');
  });
});

describe('docker pause and unpause', () => {
  it('freezes and thaws', async () => {
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'counter',
      'busybox',
      'sh',
      '-c',
      'i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.02; done',
    );
    await eventually(
      'it counts',
      async () => (await daemon.docker('exec', 'counter', 'test', '-s', '/count')).code === 0,
    );
    assert.equal(await daemon.ok('pause', 'counter'), 'counter');
    const paused = await state('counter');
    assert.deepEqual([paused['Status'], paused['Paused'], paused['Running']], ['paused', true, true]);
    assert.match(await daemon.ok('ps', '--format', '{{.Status}}'), /^Up .* \(Paused\)$/);
    const count = () => daemon.ok('cp', 'counter:/count', '-');
    const [one, two] = [await count(), await count()];
    assert.equal(one, two);
    await daemon.ok('unpause', 'counter');
    assert.equal(await status('counter'), 'running');
    await eventually('it counts on', async () => (await count()) !== one);
    await daemon.ok('rm', '-f', 'counter');
  });

  it('a paused container can be stopped and removed', async () => {
    await daemon.ok('run', '-d', '--name', 'frozen', ...POLITE);
    await ready('frozen');
    await daemon.ok('pause', 'frozen');
    await daemon.ok('stop', '-t', '5', 'frozen');
    assert.equal(await status('frozen'), 'exited');
    await daemon.ok('start', 'frozen');
    await daemon.ok('pause', 'frozen');
    const refused = await daemon.docker('rm', 'frozen');
    assert.match(refused.stderr, /paused and must be unpaused first/);
    await daemon.ok('rm', '-f', 'frozen');
  });

  it('is refused where it makes no sense', async () => {
    await daemon.ok('run', '-d', '--name', 'runs', ...SLEEP);
    assert.match((await daemon.docker('unpause', 'runs')).stderr, /Container [0-9a-f]{64} is not paused/);
    await daemon.ok('pause', 'runs');
    assert.match((await daemon.docker('pause', 'runs')).stderr, /is already paused/);
    await daemon.ok('rm', '-f', 'runs');
    await daemon.ok('create', '--name', 'idle', ...SLEEP);
    assert.match((await daemon.docker('pause', 'idle')).stderr, /container [0-9a-f]{64} is not running/i);
    await daemon.ok('rm', 'idle');
  });
});

describe('docker rename', () => {
  it('takes effect at once, also in the network', async () => {
    const id = await daemon.ok('run', '-d', '--name', 'old', ...SLEEP);
    await daemon.ok('rename', 'old', 'new');
    assert.equal(await daemon.inspect('new', '.Id'), id);
    assert.equal((await daemon.docker('inspect', 'old')).code, 1);
    await daemon.ok('run', '-d', '--name', 'old', ...SLEEP);
    const taken = await daemon.docker('rename', 'old', 'new');
    assert.equal(taken.code, 1);
    assert.match(
      taken.stderr,
      new RegExp(`Conflict\\. The container name "/new" is already in use by container "?${id}`),
    );
    const same = await daemon.docker('rename', 'new', 'new');
    assert.match(same.stderr, /same name as its current name/i);
    const bad = await daemon.docker('rename', 'old', 'no good');
    assert.match(bad.stderr, /Invalid container name \(no good\)/);
    await daemon.ok('rm', '-f', 'old', 'new');
  });
});

describe('docker wait', () => {
  it('waits', async () => {
    await daemon.ok('run', '-d', '-i', '--name', 'awaited', 'busybox', 'sh', '-c', 'read x; exit 11');
    await using waiter = daemon.spawn('wait', 'awaited');
    await using attached = daemon.spawn('attach', 'awaited');
    attached.write('go\n');
    assert.equal(await waiter.exit(), 0);
    assert.equal(waiter.stdout, '11\n');
    await daemon.ok('rm', 'awaited');
  });

  it('hears of the removal', async () => {
    await daemon.ok('run', '-d', '--name', 'doomed', ...SLEEP);
    // What the client asks; a client that is still starting would find nothing to wait for.
    const waits = ['not-running', 'next-exit', 'removed'].map((condition) =>
      daemon.request('POST', `/v1.44/containers/doomed/wait?condition=${condition}`),
    );
    await daemon.ok('rm', '-f', 'doomed');
    for (const wait of waits) assert.deepEqual((await wait).json, { StatusCode: 137 });
  });
});

describe('docker rm', () => {
  it('refuses what runs, -f does not', async () => {
    const id = await daemon.ok('run', '-d', '--name', 'runs', ...SLEEP);
    const refused = await daemon.docker('rm', 'runs');
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /cannot remove container "\/?runs": container is running: stop the container before removing or force remove/,
    );
    assert.equal(await daemon.ok('rm', '-f', 'runs'), 'runs');
    assert.equal((await daemon.docker('inspect', id)).code, 1);
  });

  it('-v takes the anonymous volumes along, without it they stay', async () => {
    await daemon.ok('create', '--name', 'keeps', '-v', '/data', 'busybox');
    await daemon.ok('create', '--name', 'takes', '-v', '/data', 'busybox');
    assert.equal((await daemon.ok('volume', 'ls', '-q')).split('\n').length, 2);
    await daemon.ok('rm', '-v', 'takes');
    await daemon.ok('rm', 'keeps');
    const left = await daemon.ok('volume', 'ls', '-q');
    assert.match(left, /^[0-9a-f]{64}$/);
    await daemon.ok('volume', 'rm', left);
  });

  it('-f is silent about what is not there', async () => {
    const result = await daemon.docker('rm', '-f', 'nosuch');
    assert.equal(result.code, 0);
  });

  it('many at once', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `many${i}`);
    await Promise.all(names.map((name) => daemon.ok('run', '-d', '--name', name, ...SLEEP)));
    assert.equal((await daemon.ok('ps', '-q')).split('\n').length, 10);
    await daemon.ok('rm', '-f', ...names);
    assert.equal(await daemon.ok('ps', '-aq'), '');
  });
});

describe('at the same time', () => {
  const twelve = <T>(work: (index: number) => Promise<T>) =>
    Promise.all(Array.from({ length: 12 }, (_, i) => work(i)));

  it('of many that want a name one gets it', async () => {
    const results = await twelve(() => daemon.docker('create', '--name', 'wanted', ...SLEEP));
    assert.equal(results.filter(({ code }) => code === 0).length, 1);
    for (const { code, stderr } of results)
      if (code !== 0) assert.match(stderr, /Conflict\. The container name "\/wanted" is already in use/);
    await daemon.ok('rm', 'wanted');
  });

  it('many starts are one start, many stops one stop, many removals one removal', async () => {
    await daemon.ok('create', '--name', 'shared', ...SLEEP);
    for (const { code } of await twelve(() => daemon.docker('start', 'shared'))) assert.equal(code, 0);
    assert.equal(await status('shared'), 'running');
    for (const { code } of await twelve(() => daemon.docker('stop', '-t', '0', 'shared')))
      assert.equal(code, 0);
    assert.equal(await status('shared'), 'exited');
    const removed = await twelve(() => daemon.docker('rm', 'shared'));
    assert.ok(removed.some(({ code }) => code === 0));
    for (const { code, stderr } of removed)
      if (code !== 0) assert.match(stderr, /No such container|already in progress/);
  });

  it('verbs that contradict each other end in one state or the other', async () => {
    await daemon.ok('create', '--name', 'torn', ...SLEEP);
    const verbs = [['start'], ['stop', '-t', '0'], ['restart', '-t', '0'], ['kill'], ['pause'], ['unpause']];
    await twelve((i) => daemon.docker(...(verbs[i % verbs.length] ?? []), 'torn'));
    const ended = await state('torn');
    assert.ok(['created', 'running', 'exited', 'paused'].includes(String(ended['Status'])));
    assert.equal(Number(ended['Pid']) > 0, ended['Status'] === 'running' || ended['Status'] === 'paused');
    await daemon.ok('rm', '-f', 'torn');
  });
});

describe('POST /containers/{id}/wait', () => {
  it('answers with headers at once, and for next-exit only with the next one', async () => {
    await daemon.docker('run', '--name', 'again', 'busybox', 'sh', '-c', 'exit 4');
    const next = daemon.request('POST', '/v1.44/containers/again/wait?condition=next-exit');
    await daemon.ok('start', '-a', 'again').catch(() => {});
    assert.deepEqual((await next).json, { StatusCode: 4 });
    assert.deepEqual((await daemon.request('POST', '/v1.44/containers/again/wait')).json, { StatusCode: 4 });
    assert.equal((await daemon.request('POST', '/v1.44/containers/again/wait?condition=nosuch')).status, 400);
    await daemon.ok('rm', 'again');
  });
});
