import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { DockerClient } from '@docker/node-sdk';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

it('Docker’s Node SDK does its everyday work', async () => {
  const client = await DockerClient.fromDockerHost(daemon.host);
  try {
    await client.systemPing();
    assert.equal((await client.systemInfo()).OSType, 'linux');
    assert.ok((await client.imageList({ manifests: true })).length > 0);

    await client.volumeCreate({ Name: 'data' });
    const { Id: network } = await client.networkCreate({ Name: 'net' });
    const { Id: id } = await client.containerCreate(
      {
        Image: 'busybox',
        Cmd: ['sh', '-c', 'echo out; echo err >&2; exec sleep 1000'],
        HostConfig: { Binds: ['data:/data'], NetworkMode: 'net' },
      },
      { name: 'box' },
    );
    await client.containerStart(id);
    const exec = await client.containerExec(id, {
      Cmd: ['sh', '-c', 'echo in; exit 3'],
      AttachStdout: true,
      AttachStderr: true,
    });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const said = text(stdout);
    await client.execStart(exec.Id, stdout, stderr);
    stdout.end();
    assert.equal(await said, 'in\n');
    assert.equal((await client.execInspect(exec.Id)).ExitCode, 3);
    assert.equal((await client.containerInspect(id)).State?.Running, true);
    assert.deepEqual(
      (await client.containerList()).map(({ Names }) => Names),
      [['/box']],
    );
    const waiting = client.containerWait(id, { condition: 'next-exit' });
    await client.containerStop(id, { timeout: 0 });
    assert.ok([137, 143].includes((await waiting).StatusCode));

    const [out, err] = [new PassThrough(), new PassThrough()];
    const logged = Promise.all([text(out), text(err)]);
    await client.containerLogs(id, out, err, { stdout: true, stderr: true });
    out.end();
    err.end();
    assert.deepEqual(await logged, ['out\n', 'err\n']);

    await client.containerDelete(id, { volumes: true });
    await client.networkDelete(network);
    await client.volumeDelete('data');
    // It rejects with the class of its error, not with one of them.
    await assert.rejects(client.containerInspect('nosuch'), (error) => /NotFoundError/.test(String(error)));
  } finally {
    await client.close();
  }
});
