import { Agent, request } from 'node:http';
import type { Duplex } from 'node:stream';

/** The Engine API over kept connections: what an SDK does. */
export class EngineApi implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #socket: string;
  readonly #hostConfig: object;
  readonly #signal: AbortSignal;

  /** `hostConfig`: of every container that is made. */
  constructor(socket: string, hostConfig: object, signal: AbortSignal) {
    this.#socket = socket;
    this.#hostConfig = hostConfig;
    this.#signal = signal;
  }

  /** The answer as JSON; undefined when it is none. */
  async call(method: string, path: string, body?: object): Promise<unknown> {
    const answer = (await this.raw(method, path, body)).toString();
    return /^[[{]/.test(answer) ? JSON.parse(answer) : undefined;
  }

  /** The bytes of the answer. */
  raw(method: string, path: string, body?: object): Promise<Buffer> {
    const payload = body && JSON.stringify(body);
    const headers = payload
      ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
      : {};
    return new Promise((resolve, reject) => {
      const options = {
        socketPath: this.#socket,
        agent: this.#agent,
        signal: this.#signal,
        method,
        path: `/v1.40${path}`,
        headers,
      };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks);
          if ((response.statusCode ?? 500) >= 400)
            reject(new Error(`${method} ${path}: ${response.statusCode} ${answer.toString()}`));
          else resolve(answer);
        });
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  }

  /** A container from the image `busybox`; its id. */
  async create(command: readonly string[], hostConfig: object = {}, config: object = {}): Promise<string> {
    const answer = await this.call('POST', '/containers/create', {
      Image: 'busybox:latest',
      Cmd: command,
      HostConfig: { ...this.#hostConfig, ...hostConfig },
      ...config,
    });
    if (typeof answer === 'object' && answer && 'Id' in answer && typeof answer.Id === 'string')
      return answer.Id;
    throw new Error('create answered without an id');
  }

  start(id: string): Promise<unknown> {
    return this.call('POST', `/containers/${id}/start`);
  }

  wait(id: string): Promise<unknown> {
    return this.call('POST', `/containers/${id}/wait`);
  }

  remove(id: string): Promise<unknown> {
    return this.call('DELETE', `/containers/${id}`);
  }

  /** Everything that a container will write, as multiplexed frames. */
  attach(id: string): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const path = `/v1.40/containers/${id}/attach?stream=1&stdout=1&stderr=1`;
      const headers = { connection: 'Upgrade', upgrade: 'tcp' };
      const sent = request({ socketPath: this.#socket, method: 'POST', path, headers, signal: this.#signal });
      sent.on('upgrade', (_, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.on('response', ({ statusCode }) => reject(new Error(`attach: ${statusCode}`)));
      sent.on('error', reject);
      sent.end();
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
