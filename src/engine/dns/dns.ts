import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { Thread } from '#lib/thread';
import type { DnsThread } from './dns-thread.ts';
import { SocketHolder } from './holder.ts';
import type { KnownPlace } from './known-names.ts';
import type { ServerSockets } from './server-sockets.ts';
import type { DnsClient, DnsEndpoint, DnsNetwork } from './view.ts';

/** Bounds what a flood of questions can take; then the thread ends and another takes over. */
const MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** Milliseconds. A thread that ends sooner than this is not started again at once. */
const SHORT_LIFE_MS = 1_000;

export interface DnsOptions {
  /** Below the exec root: it has to go with the boot. */
  readonly directory: string;
  readonly log: Logger;
}

/**
 * The resolvers of all containers, each at 127.0.0.11 of its own network namespace. A thread answers;
 * this is what it knows, so that another thread can be told when it ends.
 */
export class Dns {
  readonly #log: Logger;
  readonly #holder: SocketHolder;
  readonly #networks = new Map<string, DnsNetwork>();
  /** By network and container. */
  readonly #endpoints = new Map<string, DnsEndpoint>();
  readonly #known = new Map<string, readonly KnownPlace[]>();
  readonly #prepared = new Map<string, ServerSockets & { readonly netns: string }>();
  readonly #clients = new Map<string, DnsClient>();
  #thread: Thread<DnsThread>;
  #restarted: Promise<void> = Promise.resolve();
  #closed = false;
  #warned = false;

  private constructor({ directory, log }: DnsOptions) {
    this.#log = log;
    this.#holder = new SocketHolder(directory, log, (pairs) => this.#call('keepIn', pairs));
    this.#thread = this.#start();
  }

  /** Takes over the sockets of the containers that run; each is served again once `serve` is called for it. */
  static async open(options: DnsOptions): Promise<Dns> {
    const dns = new Dns(options);
    dns.#holder.adopt();
    await dns.#call('started');
    const { pairs } = dns.#holder;
    if (pairs) await dns.#call('takeOver', pairs);
    return dns;
  }

  /** Lets go of the sockets that were taken over and that no call of `serve` has claimed. */
  async settle(): Promise<void> {
    await this.#call('forgetLeft');
    if (this.#clients.size === 0) this.#holder.release();
  }

  putNetwork(network: DnsNetwork): Promise<void> {
    this.#networks.set(network.id, network);
    return this.#call('putNetwork', network);
  }

  removeNetwork(id: string): Promise<void> {
    this.#networks.delete(id);
    return this.#call('removeNetwork', id);
  }

  /** From when this resolves, the others on the network find the container. Also to change its names. */
  putEndpoint(endpoint: DnsEndpoint): Promise<void> {
    this.#endpoints.set(keyOf(endpoint.networkId, endpoint.containerId), endpoint);
    return this.#call('putEndpoint', endpoint);
  }

  removeEndpoint(networkId: string, containerId: string): Promise<void> {
    this.#endpoints.delete(keyOf(networkId, containerId));
    return this.#call('removeEndpoint', networkId, containerId);
  }

  /** What a container that exists is called where, also while it does not run; no places: it is no more. */
  putKnown(containerId: string, places: readonly KnownPlace[]): Promise<void> {
    if (places.length > 0) this.#known.set(containerId, places);
    else this.#known.delete(containerId);
    return this.#call('putKnown', containerId, places);
  }

  /** Opens the sockets of a namespace ahead of use: what is left to `serve` takes no time then. @throws SystemError */
  async prepare(sandboxId: string, netns: string): Promise<void> {
    const sockets = await this.#call('prepare', sandboxId, netns);
    this.#prepared.set(sandboxId, { ...sockets, netns });
  }

  /** Answers a sandbox's questions from now on, or changes what is known of it. @throws SystemError */
  async serve(client: DnsClient): Promise<void> {
    this.#clients.set(client.sandboxId, client);
    await this.#holder.need();
    const isKept = await this.#call('serve', client);
    this.#prepared.delete(client.sandboxId);
    if (!isKept && !this.#warned) {
      this.#warned = true;
      this.#log.warn(
        'a DNS socket could not be stored: its container cannot look up names while the engine restarts',
        {
          sandbox: client.sandboxId,
        },
      );
    }
  }

  /** Ends what was prepared or served; a sandbox that was neither is fine. Its namespace lives on as long as this is not called. */
  async release(sandboxId: string): Promise<void> {
    this.#prepared.delete(sandboxId);
    this.#clients.delete(sandboxId);
    await this.#call('release', sandboxId);
    if (this.#clients.size === 0) this.#holder.release();
  }

  /** Containers that run keep their sockets for the next life of the engine. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#restarted;
    await this.#thread[Symbol.asyncDispose]();
    await this.#holder.close({ stop: this.#clients.size === 0 });
  }

  #start(): Thread<DnsThread> {
    const started = performance.now();
    const thread = new Thread<DnsThread>(new URL('./dns-thread.ts', import.meta.url), MEMORY);
    void thread.exited.then(() => {
      if (this.#closed) return;
      this.#log.error('the thread that answers DNS queries has ended and is started again');
      this.#restarted = this.#restart(performance.now() - started < SHORT_LIFE_MS);
    });
    return thread;
  }

  async #restart(soon: boolean): Promise<void> {
    if (soon) await sleep(SHORT_LIFE_MS, undefined, { ref: false });
    if (this.#closed) return;
    const thread = this.#start();
    this.#thread = thread;
    try {
      await this.#teach(thread);
    } catch (error) {
      this.#log.error('a DNS thread could not be told what it has to know', { error: messageOf(error) });
    }
  }

  /** The calls are done in order; those made meanwhile come behind. */
  async #teach(thread: Thread<DnsThread>): Promise<void> {
    const { pairs } = this.#holder;
    await Promise.all([
      pairs && thread.call('takeOver', pairs),
      ...this.#networks.values().map((network) => thread.call('putNetwork', network)),
      ...this.#endpoints.values().map((endpoint) => thread.call('putEndpoint', endpoint)),
      ...[...this.#known].map((known) => thread.call('putKnown', ...known)),
      ...[...this.#clients.values()].map((client) => thread.call('serve', client)),
      thread.call('forgetLeft'),
      ...[...this.#prepared].map(([id, { netns, ...sockets }]) => thread.call('prepare', id, netns, sockets)),
    ]);
  }

  /** When the thread ends meanwhile, the next one is asked: every call may be repeated. */
  async #call<K extends keyof DnsThread>(
    name: K,
    ...args: Parameters<DnsThread[K]>
  ): Promise<ReturnType<DnsThread[K]>> {
    for (;;) {
      const thread = this.#thread;
      try {
        return await thread.call(name, ...args);
      } catch (error) {
        if (!thread.ended || this.#closed) throw error;
        await thread.exited;
        await this.#restarted;
        if (this.#thread === thread) throw error;
      }
    }
  }
}

const keyOf = (networkId: string, containerId: string): string => `${networkId} ${containerId}`;
