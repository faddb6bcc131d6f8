import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile({ flags: ['--log-driver', 'journald'] });

function journal(...matches: readonly string[]): Record<string, string>[] {
  const args = ['-o', 'json', '--all', '--no-pager', ...matches];
  const lines = execFileSync('journalctl', args, { encoding: 'utf8' }).split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line) as Record<string, string>);
}

describe('the host’s journal', () => {
  it('has what a container writes, and who wrote it', async () => {
    const script = 'echo out; echo err >&2';
    await daemon.ok(
      'run',
      '--name',
      'speaker',
      '--log-opt',
      'tag={{.Name}}',
      '--log-opt',
      'labels=role',
      '--label',
      'role=test',
      'busybox',
      'sh',
      '-c',
      script,
    );
    await eventually('both lines', () => journal('CONTAINER_NAME=speaker').length === 2);
    const [out, err] = journal('CONTAINER_NAME=speaker');
    assert.ok(out && err);
    const id = String(await daemon.inspect('speaker', '.Id'));
    assert.deepEqual(
      [out, err].map(({ MESSAGE, PRIORITY }) => [MESSAGE, PRIORITY]),
      [
        ['out', '6'],
        ['err', '3'],
      ],
    );
    assert.equal(out['CONTAINER_ID_FULL'], id);
    assert.equal(out['CONTAINER_ID'], id.slice(0, 12));
    assert.equal(out['CONTAINER_TAG'], 'speaker');
    assert.equal(out['SYSLOG_IDENTIFIER'], 'speaker');
    assert.equal(out['IMAGE_NAME'], 'busybox');
    assert.equal(out['ROLE'], 'test');
    assert.equal(await daemon.ok('inspect', '-f', '{{.HostConfig.LogConfig.Type}}', 'speaker'), 'journald');
  });

  it('docker logs shows it', async () => {
    const { stdout, stderr } = await daemon.docker('logs', 'speaker');
    assert.deepEqual([stdout, stderr], ['out\n', 'err\n']);
    assert.match(await daemon.ok('logs', '--tail', '1', '-t', 'speaker'), /^(\S+Z err)?$/);
    await daemon.ok('rm', 'speaker');
  });

  it('loses nothing when the daemon is killed', async () => {
    const script = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i; sleep 0.2; done';
    await daemon.ok('run', '-d', '--name', 'counter', 'busybox', 'sh', '-c', script);
    await daemon.kill9();
    await daemon.start();
    await daemon.ok('wait', 'counter');
    await eventually('all of it', () => journal('CONTAINER_NAME=counter').length >= 40);
    const lines = new Set(journal('CONTAINER_NAME=counter').map(({ MESSAGE }) => MESSAGE));
    assert.equal(lines.size, 40);
    await daemon.ok('rm', 'counter');
  });
});
