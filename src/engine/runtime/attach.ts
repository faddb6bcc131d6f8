import { readdirSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { codeOf } from '#lib/errors';
import { connectSeqpacket } from '#linux/socket';
import type { Settings } from './bundle.ts';

/** What a container wrote. With a terminal all of it is stdout. */
export interface AttachRecord {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}
export interface AttachOptions {
  /** This client has the container's stdin: when it goes, and stdin is once only, stdin closes. Default true. */
  readonly stdin?: boolean;
}
/**
 * One attached client. Reading gives `AttachRecord`s and ends with the container; writing is stdin,
 * `end()` is its end of file where the container has stdin for one client only. `destroy()` detaches.
 */
export type AttachStream = Duplex;

/** conmon's mark in front of each record. */
const STDERR = 3;

/** How long conmon may take to accept a connection before a start goes on without it. */
const ACCEPT_PATIENCE_MS = 2_000;

/**
 * conmon's attach socket, shared by all clients of a container. One connection for all of them: to
 * conmon the end of any connection is the end of stdin, so a mere onlooker who leaves would end it.
 * It is open only while somebody is attached, as conmon waits for whoever does not read; the
 * slowest client sets the pace, and nothing is lost.
 */
export class SharedAttachment {
  readonly #path: string;
  readonly #settings: Pick<Settings, 'openStdin' | 'stdinOnce' | 'terminal'>;
  readonly #clients = new Set<Client>();
  readonly #conmonPid: number | undefined;
  #connection: Duplex | undefined;
  /** conmon's descriptors before we connected. */
  #descriptorsBefore = 0;
  #stdinClosed = false;

  constructor(
    path: string,
    settings: Pick<Settings, 'openStdin' | 'stdinOnce' | 'terminal'>,
    conmonPid: number | undefined,
  ) {
    this.#path = path;
    this.#settings = settings;
    this.#conmonPid = conmonPid;
  }

  /**
   * Resolves once conmon has taken up the connection, if there is one. connect(2) returns when it is
   * queued, but what the container writes before conmon accepts it goes to the log only: on a busy
   * machine a start right after the connect would cost the client its first lines. That it has
   * accepted shows in the number of its descriptors; nothing else tells without writing to stdin.
   */
  async accepted(): Promise<void> {
    const deadline = performance.now() + ACCEPT_PATIENCE_MS;
    for (let round = 0; this.#connection && performance.now() < deadline; round++) {
      if (descriptorsOf(this.#conmonPid) !== this.#descriptorsBefore) return;
      await (round < 20 ? turn() : sleep(1));
    }
  }

  /** A container that has ended gives a stream that has ended. */
  attach(options: AttachOptions = {}): AttachStream {
    const connection = this.#connect();
    const client: Client = new Client({
      ready: () => this.#pace(),
      write: (chunk, done) => this.#write(chunk, done),
      endInput: () => this.#endInput(),
      left: () => this.#left(client, options.stdin ?? true),
    });
    if (!connection) client.finish();
    else this.#clients.add(client);
    return client;
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    for (const client of this.#clients) client.finish();
    this.#clients.clear();
  }

  #connect(): Duplex | undefined {
    if (this.#connection) return this.#connection;
    let connection: Duplex;
    this.#descriptorsBefore = descriptorsOf(this.#conmonPid);
    try {
      connection = connectSeqpacket(this.#path);
    } catch (error) {
      if (codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    connection.on('data', (record: Buffer) => this.#deliver(record));
    // conmon hangs up with the container; how exactly does not matter.
    connection.on('error', () => {});
    connection.on('end', () => connection.destroy());
    connection.on('close', () => {
      if (this.#connection === connection) this.close();
    });
    this.#connection = connection;
    return connection;
  }

  #deliver(record: Buffer): void {
    const data = record.subarray(1);
    const stream = record[0] === STDERR ? 'stderr' : 'stdout';
    for (const client of this.#clients) client.deliver({ stream, data });
    this.#pace();
  }

  /** Reads from conmon only while every client has room. */
  #pace(): void {
    const full = [...this.#clients].some((client) => client.full);
    if (full) this.#connection?.pause();
    else this.#connection?.resume();
  }

  #write(chunk: Buffer, done: (error?: Error | null) => void): void {
    const connection = this.#connection;
    // Like a terminal that nobody reads: what is typed after the end goes nowhere.
    if (!this.#settings.openStdin || this.#stdinClosed || !connection || connection.destroyed) return done();
    connection.write(chunk, () => done());
  }

  #endInput(): void {
    const { openStdin, stdinOnce, terminal } = this.#settings;
    if (!openStdin || !stdinOnce || terminal || this.#stdinClosed) return;
    this.#stdinClosed = true;
    this.#connection?.end();
  }

  #left(client: Client, hadStdin: boolean): void {
    if (!this.#clients.delete(client)) return;
    if (hadStdin) this.#endInput();
    if (this.#clients.size > 0 || this.#mustStay()) return this.#pace();
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  /** Only onlookers were here, and stdin is still to come: hanging up would close it. Output is read and dropped. */
  #mustStay(): boolean {
    const { openStdin, stdinOnce, terminal } = this.#settings;
    return openStdin && stdinOnce && !terminal && !this.#stdinClosed;
  }
}

/** 0 when the process is gone. */
function descriptorsOf(pid: number | undefined): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

interface ClientEvents {
  /** It has room again. */
  ready(): void;
  write(chunk: Buffer, done: (error?: Error | null) => void): void;
  endInput(): void;
  left(): void;
}

class Client extends Duplex {
  full = false;
  readonly #events: ClientEvents;

  constructor(events: ClientEvents) {
    super({ readableObjectMode: true, readableHighWaterMark: 32, allowHalfOpen: true });
    this.#events = events;
  }

  deliver(record: AttachRecord): void {
    if (!this.readableEnded && !this.destroyed && !this.push(record)) this.full = true;
  }

  /** Nothing more will come. */
  finish(): void {
    this.push(null);
  }

  override _read(): void {
    if (!this.full) return;
    this.full = false;
    this.#events.ready();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#events.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#events.endInput();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#events.left();
    done(error);
  }
}
