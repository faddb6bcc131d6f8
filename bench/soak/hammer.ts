import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the process that sends requests has to say. */
export interface HammerResult {
  readonly requests: number;
  readonly seconds: number;
  readonly failures: number;
}

/** One request at a time on one connection; only the length of the answer is looked at, for this process must not be the slow one. */
class Client {
  readonly #socket: Socket;
  readonly #request: string;
  #buffer: Buffer = Buffer.alloc(0);
  #answer: PromiseWithResolvers<number> | undefined;

  constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#request = `GET ${path} HTTP/1.1\r\nHost: soak\r\n\r\n`;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('close', () => this.#answer?.reject(new Error('the connection was closed')));
    socket.on('error', (error) => this.#answer?.reject(error));
  }

  /** The status of the answer. */
  send(): Promise<number> {
    this.#answer = Promise.withResolvers();
    this.#socket.write(this.#request);
    return this.#answer.promise;
  }

  #take(chunk: Buffer): void {
    this.#buffer = this.#buffer.length > 0 ? Buffer.concat([this.#buffer, chunk]) : chunk;
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#buffer.toString('latin1', 0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Number.NaN);
    const whole = Number.isNaN(length)
      ? this.#buffer.subarray(-5).equals(LAST_CHUNK)
      : this.#buffer.length >= end + 4 + length;
    if (!whole) return;
    this.#buffer = Buffer.alloc(0);
    this.#answer?.resolve(Number(head.slice(9, 12)));
  }

  close(): void {
    this.#socket.destroy();
  }
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

async function main(args: readonly string[]): Promise<HammerResult> {
  const [socket = '', path = '', seconds = '1', connections = '1', rate = '0'] = args;
  let [requests, failures] = [0, 0];
  const start = performance.now();
  const deadline = start + Number(seconds) * 1000;
  const lane = async () => {
    const client = new Client(connect(socket), path);
    while (performance.now() < deadline) {
      // Paced by what all connections together may have sent by now.
      const due = Number(rate) > 0 ? start + (requests * 1000) / Number(rate) : 0;
      if (due > performance.now()) {
        await sleep(1);
        continue;
      }
      requests++;
      if ((await client.send()) !== 200) failures++;
    }
    client.close();
  };
  await Promise.all(Array.from({ length: Number(connections) }, lane));
  return { requests, failures, seconds: (performance.now() - start) / 1000 };
}

console.log(JSON.stringify(await main(process.argv.slice(2))));
