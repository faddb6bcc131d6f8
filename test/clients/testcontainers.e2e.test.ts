import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

it('Testcontainers starts, waits for, uses and stops containers', async () => {
  process.env['DOCKER_HOST'] = daemon.host;
  process.env['DOCKER_CONFIG'] = `${daemon.root}/config`;
  // Its reaper is an image that is not to be had here; off is how its documentation does without.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  const { GenericContainer, Network, Wait } = await import('testcontainers');
  const network = await new Network().start();
  const web = await new GenericContainer('busybox:latest')
    .withCommand([
      'sh',
      '-c',
      'echo ready; mkdir /www; echo hello >/www/index.html; exec httpd -f -p 8080 -h /www',
    ])
    .withExposedPorts(8080)
    .withNetwork(network)
    .withNetworkAliases('web')
    .withEnvironment({ A: 'b' })
    .withCopyContentToContainer([{ content: 'copied', target: '/copied' }])
    .withWaitStrategy(Wait.forAll([Wait.forLogMessage('ready'), Wait.forHttp('/index.html', 8080)]))
    .start();
  const answer = await fetch(`http://${web.getHost()}:${web.getMappedPort(8080)}/index.html`);
  assert.equal(await answer.text(), 'hello\n');
  const { output, exitCode } = await web.exec(['sh', '-c', 'echo $A; cat /copied']);
  assert.deepEqual([output, exitCode], ['b\ncopied', 0]);
  const client = await new GenericContainer('busybox:latest')
    .withCommand(['sh', '-c', 'wget -q -O- http://web:8080/ && sleep 1000'])
    .withNetwork(network)
    .withWaitStrategy(Wait.forLogMessage('hello'))
    .start();
  await client.restart();
  await client.stop();
  await web.stop();
  await network.stop();
  assert.equal(await daemon.ok('ps', '-aq'), '');
});
