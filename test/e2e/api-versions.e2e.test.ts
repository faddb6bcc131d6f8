import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

type Fields = Record<string, unknown>;

for (const version of ['1.24', '1.30', '1.41', '1.43', '1.44', '1.48'])
  describe(`a docker CLI that speaks ${version}`, () => {
    const docker = async (...args: readonly string[]) => {
      const result = await daemon.run('docker', args, { env: { DOCKER_API_VERSION: version } });
      assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
      return result.stdout.trim();
    };

    it('runs, looks, acts and cleans up', async () => {
      assert.equal(await docker('run', '--rm', 'busybox', 'echo', 'hi'), 'hi');
      await docker(
        'run',
        '-d',
        '--name',
        'box',
        '-p',
        '80',
        '-v',
        'data:/data',
        '-m',
        '64m',
        'busybox',
        'sleep',
        '600',
      );
      assert.equal(await docker('exec', 'box', 'cat', '/proc/1/comm'), 'sleep');
      assert.match(
        await docker('ps', '--format', '{{.Names}} {{.Status}} {{.Ports}}'),
        /^box Up .*->80\/tcp/,
      );
      assert.equal(
        await docker('inspect', '-f', '{{.State.Status}} {{.HostConfig.Memory}}', 'box'),
        'running 67108864',
      );
      assert.match(await docker('port', 'box'), /^80\/tcp -> /);
      assert.match(await docker('top', 'box'), /sleep 600/);
      assert.equal(await docker('logs', 'box'), '');
      await docker('cp', '/etc/hostname', 'box:/copied');
      assert.match(await docker('diff', 'box'), /A \/copied/);
      await docker('pause', 'box');
      await docker('unpause', 'box');
      await docker('stop', '-t', '0', 'box');
      assert.equal(await docker('wait', 'box'), '137');
      await docker('rm', 'box');
      await docker('volume', 'rm', 'data');
      assert.match(await docker('images', '--format', '{{.Repository}}:{{.Tag}}'), /busybox:latest/);
      assert.match(await docker('history', '--format', '{{.Size}}', 'busybox'), /MB/);
      assert.match(await docker('network', 'ls', '--format', '{{.Name}}'), /bridge/);
      assert.match(await docker('info', '--format', '{{.ServerVersion}}'), /^\d/);
      if (version !== '1.24') assert.match(await docker('system', 'df'), /^TYPE/);
    });
  });

describe('the API’s versions', () => {
  it('fields come and go with them', async () => {
    const old = (await daemon.request('GET', '/v1.40/images/json')).json as Fields[];
    const now = (await daemon.request('GET', '/v1.50/images/json')).json as Fields[];
    assert.deepEqual(['VirtualSize' in (old[0] ?? {}), 'VirtualSize' in (now[0] ?? {})], [true, false]);
  });

  it('are negotiated; too new and too old ones are refused', async () => {
    const ping = await daemon.request('GET', '/_ping');
    assert.deepEqual([ping.status, ping.body], [200, 'OK']);
    assert.match(String(ping.headers['api-version']), /^1\.\d+$/);
    assert.equal((await daemon.request('HEAD', '/_ping')).status, 200);
    assert.equal((await daemon.request('GET', '/v1.24/version')).status, 200);
    const tooNew = await daemon.request('GET', '/v1.99/version');
    assert.equal(tooNew.status, 400);
    assert.match(tooNew.body, /client version 1\.99 is too new\. Maximum supported API version is 1\.\d+/);
    const tooOld = await daemon.request('GET', '/v1.12/version');
    assert.equal(tooOld.status, 400);
    assert.match(tooOld.body, /client version 1\.12 is too old\. Minimum supported API version is 1\.24/);
  });
});
