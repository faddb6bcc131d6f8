import { cancelled } from '#lib/errors';
import { ConnectionError } from '../errors.ts';
import { Body } from './body.ts';
import { type ByteChannel, drained } from './channel.ts';
import { formatRequestHead, type ResponseHead } from './head.ts';
import { ResponseParser } from './response-parser.ts';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is sent chunked, any other body with its length. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Milliseconds until the header of the answer must be there. Default: no limit. */
  readonly timeout?: number | undefined;
}

export interface Response extends ResponseHead {
  readonly body: Body;
}

/** A connection that left HTTP: raw bytes both ways; `end()` closes our direction only. */
export interface Hijacked {
  readonly head: ResponseHead;
  readonly socket: ByteChannel;
}

interface Exchange {
  readonly parser: ResponseParser;
  readonly body: Body;
  readonly answered: PromiseWithResolvers<ResponseHead>;
  head: ResponseHead | undefined;
  /** Parts of the request's body have still to go. */
  sending: boolean;
  /** Forgets the abort signal and the timer. */
  release: () => void;
}

/** One HTTP/1.1 connection: one request at a time, used again while both sides keep it alive. */
export class Connection {
  readonly #socket: ByteChannel;
  readonly #onIdle: (connection: Connection) => void;
  #exchange: Exchange | undefined;
  #broken = false;
  /** Requests answered so far: a fresh connection that fails is the daemon's fault, an old one may just have timed out. */
  served = 0;

  constructor(socket: ByteChannel, onIdle: (connection: Connection) => void) {
    this.#socket = socket;
    this.#onIdle = onIdle;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  get usable(): boolean {
    return !this.#broken && !this.#socket.destroyed;
  }

  /** Lets the process end although this connection is open. */
  unref(): void {
    this.#socket.unref?.();
  }

  close(): void {
    this.#broken = true;
    this.#socket.destroy();
  }

  /** Sends a request; resolves with the header of the answer, the body follows. @throws ConnectionError, cancelled */
  async send(request: Request, signal?: AbortSignal): Promise<Response> {
    const exchange = this.#begin(request.method === 'HEAD');
    const head = await this.#converse(request, exchange, signal);
    return { ...head, body: exchange.body };
  }

  /**
   * Asks to leave HTTP (`Upgrade: tcp`). An answer other than 101 is an ordinary one.
   * @throws ConnectionError, cancelled
   */
  async upgrade(request: Request, signal?: AbortSignal): Promise<Hijacked | Response> {
    const exchange = this.#begin(false);
    const headers = { ...request.headers, Connection: 'Upgrade', Upgrade: 'tcp' };
    const head = await this.#converse({ ...request, headers }, exchange, signal);
    if (head.status !== 101) return { ...head, body: exchange.body };
    return { head, socket: this.#socket };
  }

  #begin(bodiless: boolean): Exchange {
    if (this.#exchange) throw new ConnectionError('the connection is busy with another request');
    const body = new Body({
      pause: () => this.#socket.pause(),
      resume: () => this.#socket.resume(),
      abandon: () => this.close(),
    });
    const answered = Promise.withResolvers<ResponseHead>();
    // A failure after the header is told by the body; nobody waits for this promise any more then.
    answered.promise.catch(() => {});
    const parser = new ResponseParser(
      {
        onHead: (head) => this.#onHead(head),
        onBody: (chunk) => body.push(chunk),
        onEnd: () => this.#finish(),
      },
      bodiless,
    );
    const exchange: Exchange = { parser, body, answered, head: undefined, sending: false, release: () => {} };
    this.#exchange = exchange;
    this.#socket.ref?.();
    return exchange;
  }

  #converse(request: Request, exchange: Exchange, signal: AbortSignal | undefined): Promise<ResponseHead> {
    const onAbort = () => this.#fail(cancelled());
    const { timeout } = request;
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => this.#fail(new ConnectionError('the daemon did not answer in time')), timeout);
    exchange.answered.promise.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
    // The signal governs the body too: a followed log ends with it.
    exchange.release = () => signal?.removeEventListener('abort', onAbort);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    else this.#write(request, exchange);
    return exchange.answered.promise;
  }

  #write(request: Request, exchange: Exchange): void {
    const { method, path, headers, body } = request;
    if (body === undefined) {
      const fixed = method === 'GET' || method === 'HEAD' ? headers : { ...headers, 'Content-Length': '0' };
      this.#socket.write(formatRequestHead(method, path, fixed), 'latin1');
    } else if (typeof body === 'string' || body instanceof Uint8Array) {
      const length = String(Buffer.byteLength(body));
      const head = formatRequestHead(method, path, { ...headers, 'Content-Length': length });
      // One packet for head and body.
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    } else {
      this.#socket.write(
        formatRequestHead(method, path, { ...headers, 'Transfer-Encoding': 'chunked' }),
        'latin1',
      );
      this.#writeChunks(body, exchange).catch((error: unknown) =>
        this.#fail(error instanceof Error ? error : new Error(String(error))),
      );
    }
  }

  async #writeChunks(body: AsyncIterable<Uint8Array>, exchange: Exchange): Promise<void> {
    exchange.sending = true;
    for await (const chunk of body) {
      // An early answer is a refusal: the rest of the body would be thrown away.
      if (exchange.head || this.#broken) {
        if (this.#exchange === exchange) this.#broken = true;
        else this.close();
        return;
      }
      if (chunk.length === 0) continue;
      this.#socket.cork();
      this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      this.#socket.write(chunk);
      const room = this.#socket.write('\r\n', 'latin1');
      this.#socket.uncork();
      if (!room) await drained(this.#socket);
    }
    exchange.sending = false;
    if (this.usable) this.#socket.write('0\r\n\r\n', 'latin1');
  }

  #onData = (chunk: Buffer): void => {
    const exchange = this.#exchange;
    if (!exchange) {
      // Bytes that nobody asked for: the two sides no longer agree where a message ends.
      this.close();
      return;
    }
    try {
      const rest = exchange.parser.push(chunk);
      if (exchange.head?.status === 101) this.#detach(rest);
      else if (rest.length > 0) this.#broken = true;
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  };

  #onHead(head: ResponseHead): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    exchange.head = head;
    exchange.answered.resolve(head);
  }

  #finish(): void {
    const exchange = this.#exchange;
    // After 101 it is not over but leaves HTTP: see #detach.
    if (!exchange || exchange.head?.status === 101) return;
    this.#exchange = undefined;
    this.served++;
    exchange.release();
    exchange.body.end();
    // A refusal came early: whoever waits for room to send the rest must not wait for ever, nor the next request be cut off.
    if (!exchange.parser.keepAlive || this.#broken || exchange.sending) this.close();
    else this.#onIdle(this);
  }

  /** Gives the socket away: from now on its bytes are none of ours. */
  #detach(rest: Buffer): void {
    this.#broken = true;
    this.#exchange?.release();
    this.#exchange = undefined;
    this.#socket.off('data', this.#onData).off('end', this.#onEnd);
    this.#socket.off('error', this.#onError).off('close', this.#onClose);
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
  }

  #onEnd = (): void => {
    try {
      this.#exchange?.parser.close();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.close();
  };

  #onError = (error: Error): void => {
    const known = error instanceof ConnectionError;
    this.#fail(
      known ? error : new ConnectionError(`the connection to the daemon broke: ${error.message}`, error),
    );
  };

  #onClose = (): void => {
    this.#fail(new ConnectionError('the daemon closed the connection without an answer'));
  };

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.close();
    if (!exchange) return;
    exchange.release();
    exchange.answered.reject(error);
    exchange.body.fail(error);
  }
}
