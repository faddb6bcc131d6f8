import type { Duplex } from 'node:stream';
import type { DescMethod } from '@bufbuild/protobuf';
import { invalid, unavailable } from '#lib/errors';
import { GrpcClient } from './grpc-client.ts';

/** A client that waits to be asked for files, secrets and credentials. */
export class ClientSession implements Disposable {
  readonly id: string;
  /** The same for builds of the same directory. */
  readonly sharedKey: string;
  readonly grpc: GrpcClient;
  readonly #methods: ReadonlySet<string>;

  constructor(description: SessionDescription, connection: Duplex) {
    this.id = description.id;
    this.sharedKey = description.sharedKey;
    this.#methods = description.methods;
    this.grpc = new GrpcClient(connection);
  }

  offers(method: DescMethod): boolean {
    return this.#methods.has(`/${method.parent.typeName}/${method.name}`);
  }

  /** @throws invalid when the client has no such service */
  expect(method: DescMethod, purpose: string): void {
    if (this.offers(method)) return;
    throw invalid(
      `the session of the client does not offer ${method.parent.typeName}, which ${purpose} needs`,
    );
  }

  [Symbol.dispose](): void {
    this.grpc[Symbol.dispose]();
  }
}

export interface SessionDescription {
  readonly id: string;
  readonly sharedKey: string;
  /** `/moby.filesync.v1.FileSync/DiffCopy` */
  readonly methods: ReadonlySet<string>;
}

/** How long a build waits for its session, which comes over another connection, in milliseconds. */
const PATIENCE = 5_000;

/** Sessions by the ids that their clients chose. */
export class ClientSessions {
  readonly #sessions = new Map<string, ClientSession>();
  readonly #waiting = new Map<string, Set<(session: ClientSession) => void>>();

  /** It is there until its connection closes. @throws invalid when the id is taken */
  add(id: string, open: () => ClientSession): void {
    if (this.#sessions.has(id)) throw invalid(`session ${id} exists already`);
    const session = open();
    this.#sessions.set(id, session);
    session.grpc.onClose(() => this.#sessions.delete(id));
    for (const found of this.#waiting.get(id) ?? []) found(session);
    this.#waiting.delete(id);
  }

  /** @throws unavailable when it does not come */
  async get(id: string, signal: AbortSignal): Promise<ClientSession> {
    const known = this.#sessions.get(id);
    if (known) return known;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    return await new Promise<ClientSession>((resolve, reject) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiting.add(resolve));
      patience.addEventListener('abort', () => {
        waiting.delete(resolve);
        if (waiting.size === 0) this.#waiting.delete(id);
        reject(unavailable(`no session of a client has the id "${id}"`));
      });
    });
  }
}
