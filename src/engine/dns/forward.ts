import type { Socket } from 'node:net';
import { RCODE } from './message/codes.ts';
import type { Query } from './message/query.ts';
import { listRecords, sameQuestion } from './message/records.ts';
import { askByTcp } from './upstream-tcp.ts';
import type { UpstreamSockets } from './upstream-udp.ts';
import type { UpstreamServer } from './view.ts';

/** The ways out: each network namespace that upstreams are asked from. */
export interface Exits {
  udp(server: UpstreamServer): UpstreamSockets;
  /** A connection under way. @throws SystemError */
  tcp(server: UpstreamServer): Socket;
}

/** Milliseconds without an answer after which the next server is asked as well; the first may still answer. */
const PATIENCE_MS = 1_000;
/** Shorter than the five seconds that resolvers wait by default: they get a failure instead of a time-out. */
const DEADLINE_MS = 4_500;
/** A server that did not answer is asked last for so long. */
const PENALTY_MS = 10_000;
/** How often one question is sent, all servers and repetitions counted. */
const MOST_SENT = 4;

const TC = 0x02;
/** Others may do better: SERVFAIL, NOTIMP, REFUSED, and FORMERR of a server that cannot read EDNS. */
const FAILURES: ReadonlySet<number> = new Set([RCODE.FORMERR, RCODE.SERVFAIL, RCODE.NOTIMP, RCODE.REFUSED]);

/** Answers to a question that was forwarded: the upstream's message, or none from any. */
export type Done = (message: Buffer | undefined) => void;

/** Which servers failed lately, and are asked last. */
export class ServerHealth {
  readonly #failedAt = new Map<string, number>();

  /** The order in which they are asked, and those that are asked beside the first to see whether they are back. */
  order(
    servers: readonly UpstreamServer[],
    now: number,
  ): { order: UpstreamServer[]; probes: UpstreamServer[] } {
    const [well, ill] = [servers.filter((s) => !this.#isIll(s)), servers.filter((s) => this.#isIll(s))];
    if (well.length === 0) return { order: ill, probes: [] };
    const probes = ill.filter((server) => now - (this.#failedAt.get(keyOf(server)) ?? 0) > PENALTY_MS);
    for (const server of probes) this.failed(server, now);
    return { order: [...well, ...ill.filter((server) => !probes.includes(server))], probes };
  }

  failed(server: UpstreamServer, now: number): void {
    this.#failedAt.set(keyOf(server), now);
  }

  answered(server: UpstreamServer): void {
    this.#failedAt.delete(keyOf(server));
  }

  #isIll(server: UpstreamServer): boolean {
    return this.#failedAt.has(keyOf(server));
  }
}

const keyOf = ({ address, port = 53 }: UpstreamServer): string => `${address} ${port}`;

/** One question on its way to the upstreams. */
export class Forwarding {
  readonly #query: Query;
  readonly #servers: readonly UpstreamServer[];
  readonly #exits: Exits;
  readonly #health: ServerHealth;
  readonly #done: Done;
  /** Servers yet to be asked, each as often as it will be. */
  #queue: UpstreamServer[] = [];
  /** What to forget at the end, by what is being waited for. */
  readonly #outstanding = new Map<symbol, () => void>();
  #failure: Buffer | undefined;
  #patience: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #finished = false;

  constructor(
    query: Query,
    servers: readonly UpstreamServer[],
    context: { readonly exits: Exits; readonly health: ServerHealth },
    done: Done,
  ) {
    this.#query = query;
    this.#exits = context.exits;
    this.#health = context.health;
    this.#done = done;
    this.#servers = servers;
  }

  /** It may be done before this returns. */
  start(): void {
    const { order, probes } = this.#health.order(this.#servers, performance.now());
    this.#queue = [...order, ...order, ...order, ...order].slice(0, Math.max(MOST_SENT, order.length));
    this.#deadline = setTimeout(() => this.#finish(this.#failure), DEADLINE_MS);
    for (const server of probes) this.#ask(server);
    this.#next();
  }

  /** Forgets the question without an answer. */
  cancel(): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#patience);
    for (const forget of this.#outstanding.values()) forget();
    this.#outstanding.clear();
  }

  #next(): void {
    clearTimeout(this.#patience);
    if (this.#finished) return;
    const server = this.#queue.shift();
    if (!server) {
      if (this.#outstanding.size === 0) this.#finish(this.#failure);
      return;
    }
    this.#patience = setTimeout(() => {
      this.#health.failed(server, performance.now());
      if (this.#queue.length > 0) this.#next();
    }, PATIENCE_MS);
    this.#ask(server);
  }

  #ask(server: UpstreamServer): void {
    const attempt = Symbol();
    // Known before it is sent, for it may fail within the call.
    this.#outstanding.set(attempt, () => {});
    try {
      const forget = this.#exits.udp(server).ask(server, this.#query.bytes, {
        replied: (message) => this.#replied(server, attempt, message),
        failed: () => this.#failed(server, attempt),
      });
      if (this.#outstanding.has(attempt)) this.#outstanding.set(attempt, forget);
      else forget();
    } catch {
      // No descriptor left, no route, or the namespace has gone: the next may be asked from another.
      this.#failed(server, attempt);
    }
  }

  #replied(server: UpstreamServer, attempt: symbol, message: Buffer): boolean {
    if (this.#finished || !isAnswer(message, this.#query)) return false;
    if (message.readUInt8(2) & TC) {
      this.#outstanding.delete(attempt);
      this.#askByTcp(server, message);
    } else this.#take(server, attempt, message);
    return true;
  }

  #take(server: UpstreamServer, attempt: symbol, message: Buffer): void {
    this.#outstanding.delete(attempt);
    const broken = listRecords(message, this.#query.end) === undefined;
    if (broken || FAILURES.has(message.readUInt8(3) & 0xf)) {
      if (!broken) this.#failure = message;
      this.#giveUpOn(server);
      return;
    }
    this.#health.answered(server);
    this.#finish(message);
  }

  /** What did not fit into a datagram is fetched whole; when that fails the client is told to try by TCP itself. */
  #askByTcp(server: UpstreamServer, cut: Buffer): void {
    const attempt = Symbol();
    try {
      const connection = this.#exits.tcp(server);
      const abort = askByTcp(
        connection,
        this.#query.bytes,
        (message) =>
          message.readUInt16BE(0) === this.#query.bytes.readUInt16BE(0) && isAnswer(message, this.#query),
        (message) => {
          if (message) this.#take(server, attempt, message);
          else this.#finish(cut);
        },
      );
      this.#outstanding.set(attempt, abort);
    } catch {
      this.#finish(cut);
    }
  }

  #failed(server: UpstreamServer, attempt: symbol): void {
    if (!this.#outstanding.delete(attempt)) return;
    this.#health.failed(server, performance.now());
    this.#giveUpOn(server);
  }

  /** One that said no is not asked again. */
  #giveUpOn(server: UpstreamServer): void {
    this.#queue = this.#queue.filter((other) => other !== server);
    this.#next();
  }

  #finish(message: Buffer | undefined): void {
    if (this.#finished) return;
    this.cancel();
    this.#done(message);
  }
}

const QR = 0x80;
const isAnswer = (message: Buffer, query: Query): boolean =>
  (message.readUInt8(2) & QR) !== 0 && sameQuestion(message, query);
