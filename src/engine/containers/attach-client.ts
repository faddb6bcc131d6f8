import { type Duplex, type Readable, Writable } from 'node:stream';
import type { LogEntry } from '#engine/logs';
import { Output, type OutputRecord } from './output.ts';

export interface AttachRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** What was logged before comes first. */
  readonly logs: boolean;
  /** What is written from now on; false: end after the logs. */
  readonly stream: boolean;
}

/** Output of an attach: records by stream (one stream, raw, with a tty). */
export interface Attachment extends AsyncDisposable {
  readonly tty: boolean;
  /** Emits `{stream: 'stdout'|'stderr', data: Buffer}`; ends when the container ends or the client detaches. Object mode, back-pressured. */
  readonly output: Readable;
  /** Writing is the container's stdin, `end()` its end of file; undefined when stdin was not asked for or is not open. */
  readonly stdin: Writable | undefined;
  /** Says that its user left by the detach keys. */
  noteDetach(): void;
}

/**
 * One attached client. It may come before the container starts: then what it writes waits, and the
 * connection to the container is made between create and start.
 */
export class AttachClient implements Attachment {
  readonly tty: boolean;
  readonly output = new Output();
  readonly stdin: Writable | undefined;
  /** It counts as the one who types: its going away may end stdin. */
  readonly hasStdin: boolean;
  readonly noteDetach: () => void;
  readonly #request: AttachRequest;
  readonly #connected = Promise.withResolvers<Duplex | undefined>();
  #replay: Promise<void> = Promise.resolve();

  constructor(request: AttachRequest, tty: boolean, openStdin: boolean, noteDetach: () => void) {
    this.noteDetach = noteDetach;
    this.tty = tty;
    this.#request = request;
    this.hasStdin = request.stdin && openStdin;
    this.stdin = this.hasStdin ? this.#inputOf(this.#connected.promise) : undefined;
    this.output.once('close', () => this.#connected.resolve(undefined));
  }

  /** Sends what was logged so far ahead of everything else. */
  replay(entries: AsyncIterable<LogEntry>): Promise<void> {
    this.#replay = (async () => {
      for await (const { stream, line } of entries) {
        if (this.output.destroyed) return;
        await this.output.write({ stream, data: line });
      }
    })();
    return this.#replay;
  }

  /** Couples the client to the container's stdio; the connection (records to read, stdin to write) is the client's from now on. */
  connect(connection: Duplex): void {
    this.#connected.resolve(connection);
    connection.on('error', () => connection.destroy());
    connection.pause();
    const couple = () => this.output.add(connection, (record: OutputRecord) => this.#wanted(record));
    this.#replay.then(couple, couple);
  }

  /** The container will not run for this client: it failed to start, or it is gone. */
  finish(): void {
    this.#connected.resolve(undefined);
    this.output.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connected.resolve(undefined);
    this.output.destroy();
    this.stdin?.destroy();
  }

  #wanted(record: OutputRecord): OutputRecord | undefined {
    const asked = record.stream === 'stdout' ? this.#request.stdout : this.#request.stderr;
    // With a terminal there is one stream, whichever the client asked for.
    return asked || this.tty ? record : undefined;
  }

  #inputOf(connected: Promise<Duplex | undefined>): Writable {
    const input = new Writable({
      write: (chunk: Buffer, _encoding, settle) => void send(connected, chunk).then(() => settle(), settle),
      final: (settle) => void finish(connected).then(() => settle(), settle),
    });
    input.on('error', () => {});
    return input;
  }
}

/** Once nobody reads any more it goes nowhere: as with a closed pipe whose writer ignores SIGPIPE. */
async function send(connected: Promise<Duplex | undefined>, chunk: Buffer): Promise<void> {
  const connection = await connected;
  if (connection?.writable) await new Promise<void>((resolve) => connection.write(chunk, () => resolve()));
}

async function finish(connected: Promise<Duplex | undefined>): Promise<void> {
  (await connected)?.end();
}
