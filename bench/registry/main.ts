import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { Registry } from '../../test/fixtures/registry.ts';
import { RegistryServer } from '../../test/fixtures/registry-server.ts';
import { median, timed } from '../measurement.ts';

// `npm run bench:registry`: `berth registry serve` beside Debian's docker-registry, taking turns.

const LARGE = 100 << 20;
const SMALL = 20_000;
const COUNT = 200;
const CLIENTS = 200;
const ROUNDS = 3;

/** A client of one registry, with connections that stay. */
class Client {
  readonly #host: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });

  constructor(host: string) {
    this.#host = host;
  }

  async put(content: Buffer): Promise<string> {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const { location } = await this.#send('POST', '/v2/bench/app/blobs/uploads/', 202);
    const at = new URL(location ?? '', `http://${this.#host}`);
    at.searchParams.set('digest', digest);
    await this.#send('PUT', `${at.pathname}${at.search}`, 201, content);
    return digest;
  }

  get = (digest: string) => this.#send('GET', `/v2/bench/app/blobs/${digest}`, 200);

  async #send(method: string, path: string, expected: number, content?: Buffer) {
    const headers = content && {
      'content-length': content.length,
      'content-type': 'application/octet-stream',
    };
    const sent = request(`http://${this.#host}${path}`, {
      method,
      agent: this.#agent,
      ...(headers && { headers }),
    });
    sent.end(content);
    const [response] = await once(sent, 'response');
    if (response.statusCode !== expected) throw new Error(`${method} ${path}: ${response.statusCode}`);
    response.resume();
    await once(response, 'end');
    return response.headers as { readonly location?: string };
  }

  close = () => this.#agent.destroy();
}

/** `work` for each, so many at a time; what came of it. */
async function each<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const waiting = [...items];
  const results: R[] = [];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift())
      results.push(await work(item));
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}

/** Figures where more is better. */
async function round(client: Client): Promise<Record<string, number>> {
  const large = randomBytes(LARGE);
  let digest = '';
  const put = await timed(async () => {
    digest = await client.put(large);
  });
  const get = await timed(() => client.get(digest));
  const smalls = Array.from({ length: COUNT }, () => randomBytes(SMALL));
  let digests: string[] = [];
  const puts = await timed(async () => {
    digests = await each(smalls, CLIENTS, (small) => client.put(small));
  });
  const wanted = Array.from({ length: 10 }, () => digests).flat();
  const gets = await timed(() => each(wanted, CLIENTS, (name) => client.get(name)));
  return {
    'one blob of 100 MB taken, MB/s': LARGE / 1000 / put,
    'the same served, MB/s': LARGE / 1000 / get,
    [`blobs of 20 kB taken from ${CLIENTS} clients, /s`]: (COUNT * 1000) / puts,
    [`blobs of 20 kB served to ${CLIENTS} clients, /s`]: (wanted.length * 1000) / gets,
  };
}

await using ours = await RegistryServer.start({ log: { level: 'info' } });
await using debian = await Registry.start();
const hosts = { 'berth registry serve': ours.host, 'docker-registry': debian.host };
const figures = new Map<string, Map<string, number[]>>();
for (let i = 0; i < ROUNDS; i++) {
  for (const [name, host] of Object.entries(hosts)) {
    const client = new Client(host);
    for (const [what, value] of Object.entries(await round(client))) {
      const row = figures.get(what) ?? new Map<string, number[]>();
      row.set(name, [...(row.get(name) ?? []), value]);
      figures.set(what, row);
    }
    client.close();
  }
}
console.log('| | berth registry serve | docker-registry |\n| --- | ---: | ---: |');
for (const [what, row] of figures) {
  const [we = Number.NaN, they = Number.NaN] = [...row.values()].map(median);
  console.log(`| ${what} | ${we.toFixed(0)} | ${they.toFixed(0)} (${(we / they).toFixed(2)}x) |`);
}
