import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const file = join('/tmp', `berth-reload-${process.pid}.json`);
process.on('exit', () => rmSync(file, { force: true }));
const configure = (settings: unknown) =>
  writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings));
configure({ labels: ['stage=one'] });
const daemon = Daemon.forThisFile({ flags: ['--config-file', file, '--max-concurrent-uploads', '2'] });

interface Info {
  readonly Labels: string[];
  readonly Debug: boolean;
  readonly DefaultRuntime: string;
  readonly Runtimes: Record<string, { readonly path: string }>;
  readonly LiveRestoreEnabled: boolean;
  readonly RegistryConfig: { readonly Mirrors: string[] | null };
}
const info = async () => (await daemon.request('GET', '/info')).json as Info;

/** SIGHUP, and the attributes of the event that it makes. */
async function reload(settings: unknown): Promise<Record<string, string>> {
  configure(settings);
  const since = String(Date.now() / 1000);
  process.kill(daemon.pid, 'SIGHUP');
  const filters = encodeURIComponent(JSON.stringify({ type: { daemon: true } }));
  let attributes: Record<string, string> | undefined;
  await eventually('the event', async () => {
    const now = String(Date.now() / 1000);
    const { body } = await daemon.request('GET', `/events?since=${since}&until=${now}&filters=${filters}`);
    const last = body.trim().split('\n').at(-1);
    attributes = last
      ? (JSON.parse(last) as { Actor: { Attributes: Record<string, string> } }).Actor.Attributes
      : undefined;
    return attributes !== undefined;
  });
  return attributes ?? {};
}

describe('SIGHUP', () => {
  it('puts new values in force, announces them, and takes back what is left out', async () => {
    assert.deepEqual((await info()).Labels, ['stage=one']);
    const attributes = await reload({
      labels: ['stage=two', 'site=x'],
      debug: true,
      'live-restore': false,
      'shutdown-timeout': 1,
      'max-concurrent-downloads': 7,
      'registry-mirrors': ['https://mirror.example/'],
      'insecure-registries': ['10.0.0.0/8'],
      runtimes: { other: { path: '/usr/bin/crun' } },
      'default-runtime': 'other',
      features: { shiny: true },
    });
    assert.equal(attributes['labels'], '["stage=two","site=x"]');
    assert.equal(attributes['debug'], 'true');
    assert.equal(attributes['live-restore'], 'false');
    assert.equal(attributes['shutdown-timeout'], '1');
    assert.equal(attributes['max-concurrent-downloads'], '7');
    assert.equal(attributes['max-concurrent-uploads'], '2');
    assert.equal(attributes['max-download-attempts'], '5');
    assert.equal(attributes['registry-mirrors'], '["https://mirror.example/"]');
    assert.equal(attributes['insecure-registries'], '["10.0.0.0/8"]');
    assert.equal(attributes['default-runtime'], 'other');
    assert.match(attributes['runtimes'] ?? '', /other:\/usr\/bin\/crun/);
    assert.equal(attributes['features'], 'map[shiny:true]');
    assert.ok(attributes['name']);

    const now = await info();
    assert.deepEqual(now.Labels, ['stage=two', 'site=x']);
    assert.equal(now.Debug, true);
    assert.equal(now.LiveRestoreEnabled, false);
    assert.deepEqual(now.RegistryConfig.Mirrors, ['https://mirror.example/']);
    assert.equal(now.DefaultRuntime, 'other');
    assert.equal(now.Runtimes['other']?.path, '/usr/bin/crun');
    await daemon.ok('run', '--name', 'new', 'busybox', 'true');
    assert.equal(await daemon.inspect('new', '.HostConfig.Runtime'), 'other');
    await daemon.ok('rm', 'new');

    await reload({});
    const then = await info();
    assert.deepEqual([then.Labels, then.Debug, then.LiveRestoreEnabled], [[], false, true]);
    assert.equal((await daemon.docker('run', '--runtime', 'other', 'busybox', 'true')).code, 125);
  });

  it('changes nothing when the file is wrong', async () => {
    await reload({ labels: ['good=1'] });
    for (const [wrong, reason] of [
      ['{', /was not reloaded.*JSON/],
      [{ labels: ['bad=1'], hots: [] }, /option: hots \(did you mean hosts\?\)/],
      [{ labels: ['bad=1'], 'default-runtime': 'none' }, /default runtime 'none' does not exist/],
      [{ labels: ['bad=1'], 'max-concurrent-uploads': 3 }, /both as a flag and in the configuration file/],
    ] as const) {
      configure(wrong);
      process.kill(daemon.pid, 'SIGHUP');
      await eventually(`refusal: ${reason}`, () => reason.test(daemon.log));
    }
    assert.deepEqual((await info()).Labels, ['good=1']);
    configure({});
  });

  it('live-restore off: the next end of the daemon stops containers', async () => {
    await reload({ 'live-restore': false, 'shutdown-timeout': 1 });
    await daemon.ok('run', '-d', '--name', 'ends', 'busybox', 'sleep', '600');
    configure({});
    await daemon.stop();
    await daemon.start();
    assert.equal(await daemon.inspect('ends', '.State.Status'), 'exited');
    await daemon.ok('rm', 'ends');
  });
});

describe('berthd --validate', () => {
  const validate = (settings: unknown) => {
    configure(settings);
    return daemon.run(new URL('../../bin/berthd', import.meta.url).pathname, [
      '--validate',
      '--config-file',
      file,
    ]);
  };

  it('says that all is well, or what is not, as dockerd does', async () => {
    assert.deepEqual(await validate({ debug: true, 'log-driver': 'syslog' }), {
      code: 0,
      stdout: '',
      stderr: 'configuration OK\n',
    });
    for (const [settings, reason] of [
      [{ debuk: true }, /don't match any configuration option: debuk \(did you mean debug\?\)/],
      [{ bip: 'x' }, /bip must be an IPv4 address/],
      [{ 'log-driver': 'papyrus' }, /no log driver named 'papyrus' is registered/],
      [{ 'log-opts': { colour: 'red' } }, /unknown log opt 'colour' for json-file log driver/],
    ] as const) {
      const refused = await validate(settings);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, reason);
    }
    configure({});
  });
});
