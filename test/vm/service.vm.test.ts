import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { busyboxRootfs } from '../../scripts/busybox-image.ts';
import { eventually } from '../fixtures/daemon.ts';

const UNIT = '/etc/systemd/system/berthd.service';
const PROGRAM = '/usr/local/bin/berthd';
const repository = new URL('../..', import.meta.url).pathname;
const environment = { ...process.env, DOCKER_HOST: 'unix:///run/berth/berthd.sock' };

const systemctl = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)('systemctl', args)).stdout.trim();
const docker = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)('docker', args, { env: environment })).stdout.trim();
const property = async (name: string) => systemctl('show', '--value', '-p', name, 'berthd');
const isAlive = (pid: string) => existsSync(`/proc/${pid}`);

// As README.md says: for a daemon with the usual roots, which no other test has.
describe('berthd as a service of systemd', () => {
  let container: string;

  before(async () => {
    symlinkSync(`${repository}bin/berthd`, PROGRAM);
    copyFileSync(`${repository}systemd/berthd.service`, UNIT);
    await systemctl('daemon-reload');
  });
  after(async () => {
    await docker('rm', '-f', 'web').catch(() => {});
    await systemctl('stop', 'berthd');
    for (const path of [UNIT, PROGRAM, '/var/lib/berth']) rmSync(path, { recursive: true, force: true });
    await systemctl('daemon-reload');
  });

  it('has started when systemctl says so', async () => {
    assert.equal(execFileSync('systemd-analyze', ['verify', UNIT], { stdio: 'pipe' }).toString(), '');
    await systemctl('start', 'berthd');
    assert.equal(await docker('version', '-f', '{{.Server.Os}}'), 'linux');
    assert.equal(await property('ActiveState'), 'active');
    execFileSync('docker', ['import', '-', 'busybox'], { input: await busyboxRootfs(), env: environment });
    await docker('run', '-d', '--name', 'web', '-m', '64m', 'busybox', 'sleep', '1000');
    container = await docker('inspect', '-f', '{{.State.Pid}}', 'web');
  });

  it('its containers are not in its cgroup', async () => {
    assert.doesNotMatch(readFileSync(`/proc/${container}/cgroup`, 'utf8'), /berthd\.service/);
    assert.equal(readFileSync(`/proc/${container}/oom_score_adj`, 'utf8').trim(), '0');
    assert.equal(readFileSync(`/proc/${await property('MainPID')}/oom_score_adj`, 'utf8').trim(), '-500');
  });

  it('is started again when it was killed, and finds its containers', async () => {
    const killed = await property('MainPID');
    process.kill(Number(killed), 'SIGKILL');
    await eventually(
      'another one runs',
      async () => !['0', killed].includes(await property('MainPID')),
      60_000,
    );
    await eventually('and is ready', async () => (await property('ActiveState')) === 'active', 60_000);
    assert.equal(
      await docker('inspect', '-f', '{{.State.Pid}} {{.State.Status}}', 'web'),
      `${container} running`,
    );
    assert.equal(await docker('exec', 'web', 'echo', 'hello'), 'hello');
  });

  it('leaves them running when it is stopped', async () => {
    await systemctl('stop', 'berthd');
    assert.equal(await property('Result'), 'success');
    assert.ok(isAlive(container));
    await systemctl('start', 'berthd');
    assert.equal(await docker('inspect', '-f', '{{.State.Status}}', 'web'), 'running');
    await docker('rm', '-f', 'web');
    assert.ok(!isAlive(container));
  });

  it('survives a reload', async () => {
    const before = await property('MainPID');
    await systemctl('reload', 'berthd');
    assert.equal(await docker('version', '-f', '{{.Server.Os}}'), 'linux');
    assert.equal(await property('MainPID'), before);
  });
});
