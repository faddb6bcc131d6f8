import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { Client } from '../client.ts';
import { serveHttp } from '../server.fixture.ts';

const bin = mkdtempSync(join(tmpdir(), 'berth-ssh-'));
const path = process.env['PATH'];
process.env['PATH'] = `${bin}:${path}`;
after(() => {
  process.env['PATH'] = path;
  rmSync(bin, { recursive: true });
});

/** Something called ssh, which notes its arguments. */
function installSsh(script: string): void {
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nprintf '%s\\n' "$@" > ${bin}/arguments\n${script}\n`);
  chmodSync(join(bin, 'ssh'), 0o755);
}

it('speaks through the far end of an ssh', async () => {
  await using server = await serveHttp((request, response) => response.end(JSON.stringify([request.url])));
  const pipe = `const s = require('net').connect('${server.path}'); process.stdin.pipe(s); s.pipe(process.stdout)`;
  installSsh(`exec ${process.execPath} -e "${pipe}"`);
  using client = new Client({ host: 'ssh://me@far:2222/run/other.sock', version: '1.50' });
  assert.deepEqual(await client.containers.list(), ['/v1.50/containers/json']);
  const words = readFileSync(join(bin, 'arguments'), 'utf8').trim().split('\n');
  assert.deepEqual(words.slice(-9), [
    '-p',
    '2222',
    '--',
    'me@far',
    'berth',
    '-H',
    'unix:///run/other.sock',
    'system',
    'dial-stdio',
  ]);
});

it('hands on what ssh complains about', async () => {
  installSsh('echo "ssh: Could not resolve hostname far" >&2; exit 255');
  using client = new Client({ host: 'ssh://far' });
  await assert.rejects(client.containers.list(), {
    name: 'ConnectionError',
    message: /Could not resolve hostname far/,
  });
});
