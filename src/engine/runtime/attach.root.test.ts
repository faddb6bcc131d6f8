import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachRecord, AttachStream } from './attach.ts';
import { Bench, eventually } from './runtimes.fixture.ts';

const bench = new Bench();
before(() => bench.open());
after(async () => assert.deepEqual(await bench.close(), []));

async function* records(stream: AttachStream): AsyncGenerator<AttachRecord> {
  for await (const record of stream) yield record as AttachRecord;
}
async function output(stream: AttachStream): Promise<{ stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' };
  for await (const record of records(stream)) text[record.stream] += record.data.toString();
  return text;
}
const first = async (stream: AttachStream) => {
  const [record] = (await once(stream, 'data')) as [AttachRecord];
  return record.data.toString();
};

test('both outputs, apart, and the end', async () => {
  const id = await bench.create(['sh', '-c', 'echo out; echo err >&2']);
  const client = bench.runtimes.attach(id);
  await bench.runtimes.start(id);
  assert.deepEqual(await output(client), { stdout: 'out\n', stderr: 'err\n' });
  assert.deepEqual(
    await output(bench.runtimes.attach(id)),
    { stdout: '', stderr: '' },
    'a late one sees the end',
  );
});

test('50 MB through stdin and back through stdout, to a slow reader', async () => {
  const id = await bench.create(['cat'], { openStdin: true, stdinOnce: true, logArguments: ['-l', 'none'] });
  const client = bench.runtimes.attach(id);
  await bench.runtimes.start(id);
  const block = randomBytes(1 << 20);
  const [sent, received] = [createHash('sha256'), createHash('sha256')];
  const writing = (async () => {
    for (let i = 0; i < 50; i++) {
      sent.update(block);
      if (!client.write(block)) await once(client, 'drain');
    }
    client.end();
  })();
  let bytes = 0;
  let reads = 0;
  for await (const { data } of records(client)) {
    received.update(data);
    bytes += data.length;
    if (++reads % 500 === 0) await sleep(20);
  }
  await writing;
  assert.equal(bytes, 50 << 20);
  assert.equal(received.digest('hex'), sent.digest('hex'));
  assert.equal((await bench.runtimes.exited(id)).code, 0);
});

test('several clients see the same; the slowest loses nothing', async () => {
  const id = await bench.create(['seq', '1', '100000']);
  const clients = [bench.runtimes.attach(id), bench.runtimes.attach(id), bench.runtimes.attach(id)];
  await bench.runtimes.start(id);
  const slow = async (stream: AttachStream) => {
    let text = '';
    for await (const { data } of records(stream)) {
      text += data.toString();
      await sleep(1);
    }
    return text;
  };
  const [a, b, c] = clients as [AttachStream, AttachStream, AttachStream];
  const texts = await Promise.all([output(a), output(b), slow(c)]);
  const wanted = Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join('');
  assert.deepEqual(
    [texts[0].stdout, texts[1].stdout, texts[2]].map((text) => text === wanted),
    [true, true, true],
  );
});

test('an onlooker who leaves does not end stdin, not even the last one', async () => {
  const id = await bench.create(['cat'], { openStdin: true, stdinOnce: true });
  const onlooker = bench.runtimes.attach(id, { stdin: false });
  await bench.runtimes.start(id);
  onlooker.destroy();
  await sleep(50);
  const client = bench.runtimes.attach(id);
  const other = bench.runtimes.attach(id, { stdin: false });
  client.write('one\n');
  assert.equal(await first(client), 'one\n');
  other.destroy();
  client.write('two\n');
  assert.equal(await first(client), 'two\n');
  client.end();
  assert.equal((await bench.runtimes.exited(id)).code, 0);
});

test('the one who types and leaves ends stdin, where it is for one only', async () => {
  const id = await bench.run(['cat'], { openStdin: true, stdinOnce: true });
  const client = bench.runtimes.attach(id);
  client.destroy();
  assert.equal((await bench.runtimes.exited(id)).code, 0);
});

test('stdin that is for many stays open', async () => {
  const id = await bench.run(['cat'], { openStdin: true });
  for (const line of ['one\n', 'two\n', 'three\n']) {
    const client = bench.runtimes.attach(id);
    client.write(line);
    assert.equal(await first(client), line);
    client.end();
    client.destroy();
  }
  await eventually(() => bench.logged(id).includes('three'), 'all is logged');
  await bench.runtimes.delete(id);
});

test('a container without stdin ignores what is typed', async () => {
  const id = await bench.create(['sh', '-c', 'cat; echo end']);
  const client = bench.runtimes.attach(id);
  client.write('lost\n');
  await bench.runtimes.start(id);
  assert.deepEqual(await output(client), { stdout: 'end\n', stderr: '' });
});

test('nobody attached: output goes on, and so does the container', async () => {
  const id = await bench.create(['sh', '-c', 'seq 1 50000; read x; echo got $x'], { openStdin: true });
  const early = bench.runtimes.attach(id);
  await bench.runtimes.start(id);
  await first(early);
  early.destroy();
  await eventually(() => bench.logged(id).includes('\n50000\n'), 'it has written all');
  const late = bench.runtimes.attach(id);
  late.write('it\n');
  assert.equal((await output(late)).stdout, 'got it\n');
});

test('a terminal: size, resize, echo, and stdin survives the client', async () => {
  const id = await bench.create(
    ['sh', '-c', 'stty size; read x; sleep 0.3; stty size; echo "<$x>"; read y; echo "<$y>"'],
    {
      terminal: true,
      openStdin: true,
      stdinOnce: true,
      process: { terminal: true, consoleSize: { height: 33, width: 77 } },
    },
  );
  const client = bench.runtimes.attach(id);
  await bench.runtimes.start(id);
  let text = '';
  client.on('data', ({ data }: AttachRecord) => (text += data.toString()));
  await eventually(() => text.includes('33 77'), 'the size it was created with');
  await bench.runtimes.resize(id, 40, 132);
  client.write('typed\n');
  await eventually(() => text.includes('40 132') && text.includes('<typed>'), 'the new size and the line');
  client.destroy();
  const again = bench.runtimes.attach(id);
  again.write('more\n');
  assert.match((await output(again)).stdout, /<more>\r\n$/);
  await bench.runtimes.exited(id);
  await eventually(
    () =>
      bench.runtimes.resize(id, 1, 1).then(
        () => false,
        () => true,
      ),
    'resizing what has ended is refused',
  );
});
