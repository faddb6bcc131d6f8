/**
 * Asks the resolver of /etc/resolv.conf for one name's address, RATE times a second for SECONDS, and prints what came of it as
 * JSON. It runs in a container, by itself: no import of ours.
 * ask-names.ts NAME RATE SECONDS
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , name = '', rate = '', seconds = ''] = process.argv;
const server = /^nameserver\s+(\S+)/m.exec(readFileSync('/etc/resolv.conf', 'utf8'))?.[1] ?? '127.0.0.11';
/** So long an answer is waited for. Milliseconds. */
const PATIENCE = 1000;

function queryFor(host: string): Buffer {
  const labels = host.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  const header = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

const socket = createSocket('udp4');
const sentAt = new Float64Array(65_536);
const took: number[] = [];
let refused = 0;
socket.on('message', (answer) => {
  const at = sentAt[answer.readUInt16BE(0)] ?? 0;
  const isGood = ((answer[3] ?? 0) & 0x0f) === 0 && answer.readUInt16BE(6) > 0;
  if (isGood && at > 0) took.push(performance.now() - at);
  else refused++;
});
await new Promise<void>((resolve) => socket.connect(53, server, resolve));

const query = queryFor(name);
const total = Number(rate) * Number(seconds);
const start = performance.now();
for (let sent = 0; sent < total; ) {
  const due = Math.min(total, ((performance.now() - start) * Number(rate)) / 1000);
  for (; sent < due; sent++) {
    const id = sent % 65_536;
    query.writeUInt16BE(id, 0);
    sentAt[id] = performance.now();
    socket.send(Buffer.from(query));
  }
  await sleep(1);
}
const asked = performance.now() - start;
for (let waited = 0; took.length + refused < total && waited < PATIENCE; waited += 10) await sleep(10);
socket.close();
took.sort((a, b) => a - b);
const percentile = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? null;
const perSecond = (took.length * 1000) / asked;
console.log(JSON.stringify({ perSecond, refused, median: percentile(0.5), p99: percentile(0.99) }));
