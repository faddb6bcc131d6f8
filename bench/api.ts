import { Agent, request } from 'node:http';

/** The Engine API over one keep-alive pool: what an SDK does. */
export class Api implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
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
        method,
        path: `/v1.40${path}`,
        headers,
      };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if ((response.statusCode ?? 500) >= 400)
            reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
          else resolve(text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined);
        });
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  }

  async create(command: readonly string[], hostConfig: object): Promise<string> {
    const answer = await this.call('POST', '/containers/create', {
      Image: 'busybox:latest',
      Cmd: command,
      HostConfig: hostConfig,
    });
    if (typeof answer === 'object' && answer && 'Id' in answer && typeof answer.Id === 'string')
      return answer.Id;
    throw new Error('create answered without an id');
  }

  /** create, start, wait, remove. */
  async cycle(hostConfig: object): Promise<void> {
    const id = await this.create(['true'], hostConfig);
    await this.call('POST', `/containers/${id}/start`);
    await this.call('POST', `/containers/${id}/wait`);
    await this.call('DELETE', `/containers/${id}`);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
