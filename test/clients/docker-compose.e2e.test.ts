import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const FILE = `
version: "2.4"
services:
  web:
    image: busybox
    command: sh -c 'echo "from web" >/www/index.html; exec httpd -f -p 80 -h /www'
    volumes: ["pages:/www"]
    ports: ["80"]
    networks:
      front: {aliases: [site]}
      back: {}
    healthcheck: {test: [CMD, wget, -q, -O-, http://127.0.0.1/], interval: 1s, retries: 20}
    environment: {NAME: web}
    labels: {tier: front}
  client:
    image: busybox
    command: sh -c 'until wget -q -O- http://site/; do sleep 0.2; done; exec sleep 1000'
    depends_on: {web: {condition: service_healthy}}
    networks: [front]
    restart: on-failure
    mem_limit: 64m
  worker:
    image: busybox
    command: sleep 1000
    networks: [back]
    scale: 2
networks:
  front: {}
  back: {internal: true}
volumes:
  pages: {}
`;

it('Debian’s docker-compose brings up, scales, looks into and takes down a project', async () => {
  const project = join(daemon.root, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'docker-compose.yml'), FILE);
  const compose = async (...args: string[]) => {
    const result = await daemon.run(
      '/usr/bin/docker-compose',
      ['--no-ansi', '--project-directory', project, '-f', join(project, 'docker-compose.yml'), ...args],
      { timeout: 150_000 },
    );
    assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}\n${result.stdout}`);
    return result.stdout + result.stderr;
  };
  await compose('up', '-d');
  const running = async () => (await daemon.ok('ps', '--format', '{{.Names}}')).split('\n').toSorted();
  assert.deepEqual(await running(), [
    'project_client_1',
    'project_web_1',
    'project_worker_1',
    'project_worker_2',
  ]);
  await eventually('the client has reached the site by its alias', async () =>
    (await compose('logs', 'client')).includes('from web'),
  );
  assert.match(await compose('ps'), /project_web_1 .*Up \(healthy\)/);
  assert.match(await compose('exec', '-T', 'web', 'env'), /NAME=web/);
  assert.match(await compose('port', 'web', '80'), /:\d+/);
  await compose('exec', '-T', 'worker', 'ping', '-c', '1', '-W', '5', 'web');
  await compose('up', '-d', '--scale', 'worker=1');
  assert.equal((await running()).length, 3);
  await compose('restart', '-t', '0', 'worker');
  await compose('stop', '-t', '0', 'client');
  await compose('start', 'client');
  assert.match(await compose('top', 'worker'), /sleep 1000/);
  await compose('run', '--rm', '-T', 'client', 'true');
  const made = async () => String(await daemon.inspect('project_web_1', '.Id'));
  const before = await made();
  await compose('up', '-d', '--force-recreate', '--no-deps', '-t', '0', 'web');
  assert.notEqual(await made(), before, 'made anew, with the volumes of the one before');
  await compose('down', '-t', '0', '-v');
  assert.deepEqual(await running(), ['']);
  assert.equal(await daemon.ok('volume', 'ls', '-q'), '');
  assert.equal(await daemon.ok('network', 'ls', '-q', '--filter', 'type=custom'), '');
});
