import { Duplex } from 'node:stream';

/** conmon's attach connection of a terminal as bytes: a mark goes from the front of each record. */
export class TerminalRecords extends Duplex {
  readonly #connection: Duplex | undefined;

  constructor(connection: Duplex | undefined) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    if (!connection) this.push(null);
    connection?.on('data', (record: Buffer) => {
      if (!this.push(record.subarray(1))) connection.pause();
    });
    connection?.on('error', () => {});
    connection?.on('end', () => connection.destroy());
    connection?.on('close', () => this.push(null));
  }

  override _read(): void {
    this.#connection?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (!this.#connection || this.#connection.destroyed) return done();
    this.#connection.write(chunk, () => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection?.destroy();
    done(error);
  }
}
