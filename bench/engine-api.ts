import { Agent, request } from 'node:http';

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

  call(method: string, path: string, body?: object): Promise<unknown> {
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
          const text = Buffer.concat(chunks).toString();
          if ((response.statusCode ?? 500) >= 400)
            reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
          else resolve(/^[[{]/.test(text) ? JSON.parse(text) : undefined);
        });
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  }

  async create(command: readonly string[]): Promise<string> {
    const answer = await this.call('POST', '/containers/create', {
      Image: 'busybox:latest',
      Cmd: command,
      HostConfig: this.#hostConfig,
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

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
