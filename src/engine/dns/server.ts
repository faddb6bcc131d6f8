import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { DescriptorStore } from '#linux/fdstore';
import { HomeNamespace } from '#linux/namespaces';
import { tcpConnection, udpSocket } from '#linux/socket';
import { CacheBudget } from './cache.ts';
import type { Exits } from './forward.ts';
import { HostServers } from './host-servers.ts';
import { KnownNames, type KnownPlace } from './known-names.ts';
import { NetworkNames } from './names.ts';
import { hostServers } from './resolv-conf.ts';
import { ForwardingQuota, type Knowledge, Resolver } from './resolver.ts';
import { serveTcp } from './serve-tcp.ts';
import { serveUdp } from './serve-udp.ts';
import { closeSockets, openServerSockets, resolverRedirect, type ServerSockets } from './server-sockets.ts';
import { parseServices } from './services.ts';
import { UpstreamSockets } from './upstream-udp.ts';
import type { DnsClient, DnsEndpoint, DnsNetwork, UpstreamServer } from './view.ts';

const CACHE_BYTES = 8 * 1024 * 1024;
const CACHE_BYTES_EACH = 512 * 1024;
const PRUNE_MS = 30_000;

/** One container that is served. */
interface Served {
  readonly sockets: ServerSockets;
  readonly resolver: Resolver;
  readonly upstreams: UpstreamSockets;
  readonly listeners: readonly Disposable[];
}

/** All names and all resolvers. Synchronous, so that a change is there when its call has been answered. */
export class DnsServer implements Disposable {
  readonly #home = new HomeNamespace();
  readonly #redirect = resolverRedirect();
  readonly #networks = new Map<string, NetworkNames>();
  readonly #known = new KnownNames();
  readonly #served = new Map<string, Served>();
  /** Sockets that nobody is served on yet, by sandbox: of the pool's, or left by an earlier life. */
  readonly #ready = new Map<string, ServerSockets>();
  readonly #host = new HostServers();
  readonly #hostUpstreams = new UpstreamSockets(() => undefined);
  readonly #budget = new CacheBudget(CACHE_BYTES, CACHE_BYTES_EACH);
  readonly #quota = new ForwardingQuota();
  #services: ReadonlyMap<string, number> | undefined;
  #store: DescriptorStore | undefined;
  /** Sandboxes that have an entry in the store. */
  readonly #kept = new Set<string>();

  constructor() {
    setInterval(() => this.#prune(), PRUNE_MS).unref();
  }

  /** Where copies of all sockets in use are kept from now on, instead of where they were; `undefined`: nowhere. */
  keepIn(pairs: readonly (readonly [number, number])[] | undefined): void {
    this.#store = pairs && new DescriptorStore(pairs);
    this.#kept.clear();
    for (const [sandboxId, { sockets }] of this.#served) this.#keep(sandboxId, sockets);
  }

  /** Takes the sockets over that an earlier life kept there. */
  takeOver(pairs: readonly (readonly [number, number])[]): void {
    this.#store = new DescriptorStore(pairs);
    for (const { key, descriptors } of this.#store.list()) {
      const [udp, tcp] = descriptors;
      if (udp === undefined || tcp === undefined) continue;
      this.#ready.set(key, { udp, tcp });
      this.#kept.add(key);
    }
  }

  /** Lets go of what was taken over and nobody is served on. */
  forgetLeft(): void {
    for (const sandboxId of this.#ready.keys()) this.release(sandboxId);
  }

  putNetwork(network: DnsNetwork): void {
    const known = this.#networks.get(network.id);
    if (known) known.update(network);
    else this.#networks.set(network.id, new NetworkNames(network));
  }

  removeNetwork(id: string): void {
    this.#networks.delete(id);
  }

  putEndpoint(endpoint: DnsEndpoint): void {
    this.#networks.get(endpoint.networkId)?.put(endpoint);
  }

  removeEndpoint(networkId: string, containerId: string): void {
    this.#networks.get(networkId)?.remove(containerId);
  }

  putKnown(containerId: string, places: readonly KnownPlace[]): void {
    this.#known.put(containerId, places);
  }

  /** Opens a sandbox's sockets ahead, or takes those that it has. @throws SystemError */
  prepare(sandboxId: string, netns: string, present?: ServerSockets): ServerSockets {
    const sockets = present ?? openServerSockets(this.#home, netns, this.#redirect);
    this.#ready.set(sandboxId, sockets);
    return sockets;
  }

  /**
   * Serves a sandbox, or changes what it is served with. Whether its sockets outlive us.
   * @throws SystemError
   */
  serve(client: DnsClient): boolean {
    const served = this.#served.get(client.sandboxId);
    if (served) {
      served.resolver.knowledge = this.#knowledgeOf(client);
      return this.#kept.has(client.sandboxId);
    }
    const sockets =
      this.#ready.get(client.sandboxId) ?? openServerSockets(this.#home, client.netns, this.#redirect);
    this.#ready.delete(client.sandboxId);
    this.#served.set(client.sandboxId, this.#listen(client, sockets));
    this.#keep(client.sandboxId, sockets);
    return this.#kept.has(client.sandboxId);
  }

  /** Serves a sandbox no more. Its namespace can end then. */
  release(sandboxId: string): void {
    if (this.#kept.delete(sandboxId)) this.#store?.remove(sandboxId);
    const ready = this.#ready.get(sandboxId);
    if (ready) closeSockets(ready);
    this.#ready.delete(sandboxId);
    const served = this.#served.get(sandboxId);
    if (!served) return;
    this.#served.delete(sandboxId);
    for (const listener of served.listeners) listener[Symbol.dispose]();
    served.resolver.close();
    served.upstreams.close();
  }

  #keep(sandboxId: string, { udp, tcp }: ServerSockets): void {
    if (!this.#store || this.#kept.has(sandboxId)) return;
    try {
      this.#store.put(sandboxId, [udp, tcp]);
      this.#kept.add(sandboxId);
    } catch {
      // It is served all the same; the next life of the engine opens sockets anew.
    }
  }

  #listen(client: DnsClient, sockets: ServerSockets): Served {
    const upstreams = new UpstreamSockets((family) =>
      this.#home.within(client.netns, () => udpSocket(family)),
    );
    const exits: Exits = {
      udp: ({ fromHost }) => (fromHost ? this.#hostUpstreams : upstreams),
      tcp: (server) => this.#connect(client.netns, server),
    };
    const context = { exits, quota: this.#quota, budget: this.#budget };
    const resolver = new Resolver(this.#knowledgeOf(client), context);
    const listeners = [serveUdp(sockets.udp, resolver), serveTcp(sockets.tcp, resolver)];
    return { sockets, resolver, upstreams, listeners };
  }

  #connect(netns: string, { address, port = 53, fromHost }: UpstreamServer): Socket {
    const [host = '', zone] = address.split('%');
    // The kernel knows interfaces by their numbers; Node looks them up.
    if (zone !== undefined) return new Socket().connect({ host: address, port });
    const fd = this.#home.within(fromHost ? undefined : netns, () => tcpConnection(host, port));
    return new Socket({ fd, readable: true, writable: true });
  }

  #knowledgeOf(client: DnsClient): Knowledge {
    const networks = client.networks.flatMap(({ id, links }) => {
      const names = this.#networks.get(id);
      return names ? [{ names, links: lowerCase(links) }] : [];
    });
    this.#services ??= readServices();
    return {
      sight: { networks, services: this.#services, known: this.#known },
      servers: this.#serversOf(client),
      ndots: client.ndots,
    };
  }

  #serversOf({ servers, external, ipv6 }: DnsClient): () => readonly UpstreamServer[] {
    if (servers !== 'host') return () => servers;
    if (!external) return () => NONE;
    let names: readonly string[] = NONE;
    let current: readonly UpstreamServer[] = NONE;
    return () => {
      const latest = this.#host.current();
      if (latest !== names) current = hostServers(latest, { ipv6 });
      names = latest;
      return current;
    };
  }

  /** Node closes the sockets when the thread ends. */
  [Symbol.dispose](): void {
    this.#home[Symbol.dispose]();
  }

  #prune(): void {
    for (const { resolver } of this.#served.values()) resolver.cache.prune(performance.now());
  }
}

const lowerCase = (links: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(links).map(([alias, target]) => [alias.toLowerCase(), target.toLowerCase()]));

const NONE: readonly never[] = [];

function readServices(): ReadonlyMap<string, number> {
  try {
    return parseServices(readFileSync('/etc/services', 'utf8'));
  } catch {
    // Not every host has it; ports have numbers too.
    return new Map();
  }
}
