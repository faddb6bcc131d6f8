import type { Duplex } from 'node:stream';
import type { DescMethod } from '@bufbuild/protobuf';
import { invalid } from '#lib/errors';
import { GrpcClient, pathOf } from '../grpc/client.ts';
import { Arrivals } from './arrivals.ts';

/** A client that waits to be asked for files, secrets and credentials. */
export class ClientSession {
  readonly grpc: GrpcClient;
  /** `/moby.filesync.v1.FileSync/DiffCopy` */
  readonly #methods: ReadonlySet<string>;

  constructor(methods: ReadonlySet<string>, connection: Duplex) {
    this.#methods = methods;
    this.grpc = new GrpcClient(connection);
  }

  offers(method: DescMethod): boolean {
    return this.#methods.has(pathOf(method));
  }

  /** @throws invalid when the client has no such service */
  expect(method: DescMethod, purpose: string): void {
    if (this.offers(method)) return;
    throw invalid(
      `the session of the client does not offer ${method.parent.typeName}, which ${purpose} needs`,
    );
  }
}

/** Sessions by the ids that their clients chose. */
export class ClientSessions {
  readonly #sessions = new Arrivals<ClientSession>('the session', 5_000);

  /** It is there until its connection closes. @throws invalid when the id is taken */
  add(id: string, open: () => ClientSession): void {
    if (this.#sessions.has(id)) throw invalid(`session ${id} exists already`);
    const session = open();
    session.grpc.onClose(() => this.#sessions.delete(id));
    this.#sessions.put(id, session);
  }

  /** @throws unavailable when it does not come */
  get(id: string, signal: AbortSignal): Promise<ClientSession> {
    return this.#sessions.get(id, signal);
  }
}
