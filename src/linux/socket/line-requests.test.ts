import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LineRequests } from './index.ts';

const SERVER = `
  require('net').createServer((socket) => {
    require('readline').createInterface({ input: socket }).on('line', (line) => {
      if (line === 'hang up') return socket.destroy();
      if (line === 'signal') {
        process.kill(process.ppid, 'SIGCHLD');
        return setTimeout(() => socket.write('signalled\\n'), 20);
      }
      if (line !== 'slowly') return socket.write(line.toUpperCase() + '\\n');
      socket.write('a'.repeat(5000));
      setTimeout(() => socket.write('b\\n'), 20);
    });
  }).listen(process.argv[1], () => console.log('up'));
`;

test('a line for a line, whole and in order; the end of the other side is told', async () => {
  const directory = mkdtempSync('/tmp/berth-lines-');
  const path = join(directory, 's');
  assert.throws(() => new LineRequests(path), { code: 'ENOENT' });
  const server = spawn(process.execPath, ['-e', SERVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(server.stdout, 'data');
    using requests = new LineRequests(path);
    assert.equal(requests.request('one'), 'ONE');
    assert.equal(requests.request('slowly'), `${'a'.repeat(5000)}b`);
    assert.equal(requests.request('ünd'), 'ÜND');
    assert.equal(requests.request('signal'), 'signalled', 'a signal ends no wait');
    const long = 'x'.repeat(100_000);
    assert.equal(requests.request(long), long.toUpperCase());
    assert.throws(() => requests.request('hang up'), /hung up before it answered/);
    assert.throws(() => {
      requests.request('again');
      requests.request('again');
    });
  } finally {
    server.kill();
    rmSync(directory, { recursive: true });
  }
});
