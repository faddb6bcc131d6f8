/** A client that looks a name up all the time, until its input ends; then it prints how many answers it had, and what went wrong. */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import * as packet from 'dns-packet';

/** As resolv.conf(5) has them, but for a busy machine: a question that a killed engine had in its hands is lost. */
const ATTEMPTS = 3;
const PATIENCE_MS = 10_000;

const failures: string[] = [];
let answers = 0;
let running = true;
process.stdin.on('end', () => {
  running = false;
});
process.stdin.resume();

async function lookUp(id: number): Promise<void> {
  const socket = createSocket('udp4');
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  socket.on('message', resolve);
  socket.on('error', reject);
  let sent = 0;
  const send = () => {
    if (sent++ === ATTEMPTS) reject(new Error('no answer'));
    else socket.send(packet.encode({ type: 'query', id, questions: [{ type: 'A', name: 'web' }] }));
  };
  const timer = setInterval(send, PATIENCE_MS);
  try {
    socket.connect(53, '127.0.0.11', send);
    const [answer] = packet.decode(await promise).answers ?? [];
    if ((answer as { data?: unknown } | undefined)?.data !== '10.1.0.2') throw new Error('wrong answer');
    answers++;
    if (answers === 1) process.stdout.write('begun\n');
  } catch (error) {
    failures.push(String(error));
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

for (let id = 0; running; id = (id + 1) & 0xffff) {
  await lookUp(id);
  await sleep(1);
}
process.stdout.write(`${JSON.stringify({ answers, failures })}\n`);
process.exit();
