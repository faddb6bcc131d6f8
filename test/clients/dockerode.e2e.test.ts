import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { it } from 'node:test';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

it('dockerode does its everyday work', async () => {
  const docker = new Docker({ socketPath: `${daemon.root}/s` });
  assert.equal((await docker.ping()).toString(), 'OK');
  const output = new PassThrough();
  let heard = '';
  output.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  const [ended] = (await docker.run('busybox', ['echo', 'hello'], output, {})) as [
    { StatusCode: number },
    Docker.Container,
  ];
  assert.equal(ended.StatusCode, 0);
  // It waits for the container, not for the last of its output.
  await eventually('the output', () => heard.trim() === 'hello');
  await docker.pruneContainers();

  const box = await docker.createContainer({
    name: 'box',
    Image: 'busybox',
    Cmd: ['cat'],
    OpenStdin: true,
    StdinOnce: true,
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }] }, Binds: ['data:/data'] },
  });
  const stream = await box.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const stdout = new PassThrough();
  docker.modem.demuxStream(stream, stdout, new PassThrough());
  stream.on('end', () => stdout.end());
  await box.start();
  const exec = await box.exec({ Cmd: ['sh', '-c', 'echo in; cat'], AttachStdin: true, AttachStdout: true });
  const session = await exec.start({ hijack: true, stdin: true });
  const out = new PassThrough();
  docker.modem.demuxStream(session, out, out);
  session.on('end', () => out.end());
  session.end('typed');
  assert.equal(await text(out), 'in\ntyped');
  assert.equal((await exec.inspect()).ExitCode, 0);

  const archive = pack();
  archive.entry({ name: 'put' }, 'got');
  archive.finalize();
  await box.putArchive(await buffer(archive), { path: '/data' });
  assert.match(await text(await box.getArchive({ path: '/data/put' })), /got/);
  const stats = await box.stats({ stream: false });
  assert.ok(stats.memory_stats.usage > 0);
  assert.ok((await box.inspect()).NetworkSettings.Ports['80/tcp']?.[0]?.HostPort);
  stream.end('the end');
  assert.equal(await text(stdout), 'the end');
  assert.equal(((await box.wait()) as { StatusCode: number }).StatusCode, 0);
  assert.match((await box.logs({ stdout: true })).toString(), /the end/);

  const events = await docker.getEvents({ filters: { container: ['box'], event: ['destroy'] } });
  const told = once(events, 'data');
  await box.remove({ v: true });
  assert.match(String((await told)[0]), /"Action":"destroy"/);
  await docker.getVolume('data').remove();

  const network = await docker.createNetwork({ Name: 'net' });
  assert.equal(((await network.inspect()) as { Name: string }).Name, 'net');
  await network.remove();
  await docker.getImage('busybox').tag({ repo: 'copy', tag: '1' });
  const saved = await docker.getImage('copy:1').get();
  await docker.loadImage(saved);
  await docker.getImage('copy:1').remove();
  assert.ok(
    (await docker.listImages()).length > 0 && ((await docker.df()) as { ImageUsage?: object }).ImageUsage,
  );
  await assert.rejects(docker.getContainer('nosuch').inspect(), { statusCode: 404 });
});
