import { Cache, type CacheBudget } from './cache.ts';
import { type Exits, Forwarding, ServerHealth } from './forward.ts';
import { lookUp, type Sight } from './look-up.ts';
import { CLASS_IN, RCODE, TCP_LIMIT, TYPE } from './message/codes.ts';
import { keyOf, parseQuery, type Query } from './message/query.ts';
import { encodeReply, refuse, relay, udpLimit } from './message/reply.ts';
import type { UpstreamServer } from './view.ts';

/** What a resolver knows and whom it asks; another takes its place when it changes. */
export interface Knowledge {
  readonly sight: Sight;
  /** In order of preference. Called each time, for the host's change: another array is other servers. */
  readonly servers: () => readonly UpstreamServer[];
  readonly ndots: boolean;
}

export type Transport = 'udp' | 'tcp';
export type Send = (reply: Buffer) => void;

/** Questions that may be forwarded at a time, of all containers together and of one. */
export class ForwardingQuota {
  used = 0;
  static readonly TOTAL = 8_192;
  static readonly EACH = 1_024;
  /** What one may always have, whatever the others do. */
  static readonly LEAST = 32;

  allows(own: number): boolean {
    return own < ForwardingQuota.LEAST || (own < ForwardingQuota.EACH && this.used < ForwardingQuota.TOTAL);
  }
}

interface Waiting {
  readonly query: Query;
  readonly transport: Transport;
  readonly send: Send;
}

/** The server behind 127.0.0.11 of one container. */
export class Resolver {
  #knowledge: Knowledge;
  readonly #exits: Exits;
  readonly #quota: ForwardingQuota;
  readonly #cache: Cache;
  readonly #health = new ServerHealth();
  /** Those who wait for the same question to be answered, by its key. */
  readonly #pending = new Map<string, { readonly forwarding: Forwarding; readonly waiting: Waiting[] }>();
  /** How many wait. */
  #waiting = 0;
  #turn = 0;
  #servers: readonly UpstreamServer[] = [];

  constructor(
    knowledge: Knowledge,
    context: { readonly exits: Exits; readonly quota: ForwardingQuota; readonly budget: CacheBudget },
  ) {
    this.#knowledge = knowledge;
    this.#exits = context.exits;
    this.#quota = context.quota;
    this.#cache = new Cache(context.budget);
  }

  set knowledge(knowledge: Knowledge) {
    this.#knowledge = knowledge;
    // What other networks led to may be wrong now, though the servers have the same addresses.
    this.#servers = [];
    this.#cache.clear();
  }

  get cache(): Cache {
    return this.#cache;
  }

  /** Answers a message, now or later. False when it must not be answered. */
  answer(bytes: Buffer, transport: Transport, send: Send): boolean {
    const query = parseQuery(bytes);
    if (!query) return false;
    if ('rcode' in query) send(refuse(query));
    else this.#answer({ query, transport, send });
    return true;
  }

  close(): void {
    for (const { forwarding } of this.#pending.values()) forwarding.cancel();
    this.#pending.clear();
    this.#quota.used -= this.#waiting;
    this.#waiting = 0;
    this.#cache.clear();
  }

  #answer(waiting: Waiting): void {
    const { query, transport, send } = waiting;
    const rcode = refusal(query);
    const reply = rcode === undefined ? this.#lookUp(query) : { rcode };
    if (reply) send(encodeReply(query, reply, limitOf(query, transport)));
    else this.#forward(waiting);
  }

  #lookUp({ name, type }: Query) {
    if (name === undefined) return undefined;
    const found = lookUp(this.#knowledge.sight, name, type, this.#turn++);
    if (found) return found;
    const isBare = !name.includes('.') && (type === TYPE.A || type === TYPE.AAAA);
    // The client is to try its search domains next, which an NXDOMAIN would not keep it from either.
    return isBare && this.#knowledge.ndots ? { rcode: RCODE.NOERROR } : undefined;
  }

  #forward(waiting: Waiting): void {
    const { query, transport, send } = waiting;
    const key = keyOf(query);
    const servers = this.#currentServers();
    const cached = this.#cache.get(key, performance.now());
    if (cached) return send(relay(cached, query, limitOf(query, transport)));
    const fail = (rcode: number) => send(encodeReply(query, { rcode }, limitOf(query, transport)));
    if (servers.length === 0) return fail(RCODE.SERVFAIL);
    if (!this.#quota.allows(this.#waiting)) return fail(RCODE.REFUSED);
    this.#waiting++;
    this.#quota.used++;
    const pending = this.#pending.get(key);
    // Also what ends a loop of resolvers: a question that comes back finds itself under way.
    if (pending) pending.waiting.push(waiting);
    else this.#begin(key, waiting, servers);
  }

  /** What other servers have said does not count any more. */
  #currentServers(): readonly UpstreamServer[] {
    const servers = this.#knowledge.servers();
    if (servers !== this.#servers) this.#cache.clear();
    this.#servers = servers;
    return servers;
  }

  #begin(key: string, first: Waiting, servers: readonly UpstreamServer[]): void {
    const waiting = [first];
    const context = { exits: this.#exits, health: this.#health };
    const forwarding = new Forwarding(first.query, servers, context, (message) => {
      this.#pending.delete(key);
      if (message && servers === this.#servers && isWorthKeeping(message)) {
        this.#cache.put(key, message, first.query.end, performance.now());
      }
      this.#finish(waiting, message);
    });
    this.#pending.set(key, { waiting, forwarding });
    forwarding.start();
  }

  #finish(waiting: readonly Waiting[], message: Buffer | undefined): void {
    this.#waiting -= waiting.length;
    this.#quota.used -= waiting.length;
    for (const { query, transport, send } of waiting) {
      const limit = limitOf(query, transport);
      send(message ? relay(message, query, limit) : encodeReply(query, { rcode: RCODE.SERVFAIL }, limit));
    }
  }
}

const limitOf = (query: Query, transport: Transport): number =>
  transport === 'tcp' ? TCP_LIMIT : udpLimit(query);

/** The code of a question that is answered by nobody. */
function refusal({ edns, class: family, type }: Query): number | undefined {
  if (edns && edns.version > 0) return RCODE.BADVERS;
  if (family !== CLASS_IN) return RCODE.REFUSED;
  // Transfers of zones take many messages; OPT is no question.
  if (type === TYPE.AXFR || type === TYPE.IXFR) return RCODE.REFUSED;
  return type === TYPE.OPT ? RCODE.FORMERR : undefined;
}

function isWorthKeeping(message: Buffer): boolean {
  const TC = 0x02;
  const rcode = message.readUInt8(3) & 0xf;
  return !(message.readUInt8(2) & TC) && (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN);
}
