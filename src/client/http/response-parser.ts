import { ConnectionError } from '../errors.ts';
import { parseHead, type ResponseHead } from './head.ts';

/** Longest status line and header fields accepted, in bytes. */
const MAX_HEAD = 256 * 1024;
/** Longest chunk-size or trailer line accepted, in bytes. */
const MAX_LINE = 16 * 1024;
const EMPTY = Buffer.alloc(0);

export interface ResponseHandler {
  onHead(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
  onEnd(): void;
}

type State =
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'done';

/**
 * Reads one HTTP/1.1 response from bytes as they arrive (RFC 9112). Interim 1xx answers are skipped;
 * after 101 the response is over and every further byte belongs to the new protocol.
 */
export class ResponseParser {
  readonly #handler: ResponseHandler;
  readonly #bodiless: boolean;
  #state: State = 'head';
  #pending: Buffer = EMPTY;
  #remaining = 0;
  #keepAlive = false;

  /** `bodiless`: the answer to HEAD, whose headers speak of a body that does not come. */
  constructor(handler: ResponseHandler, bodiless = false) {
    this.#handler = handler;
    this.#bodiless = bodiless;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** The connection may carry another request once this response is done. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** Takes bytes; gives back those behind the end of the response. @throws ConnectionError */
  push(chunk: Buffer): Buffer {
    let rest: Buffer = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = EMPTY;
    while (rest.length > 0 && this.#state !== 'done') {
      const next = this.#step(rest);
      if (next === undefined) {
        this.#pending = rest;
        return EMPTY;
      }
      rest = next;
    }
    return rest;
  }

  /** The connection ended: fine where the end is the body's frame. @throws ConnectionError */
  close(): void {
    if (this.#state === 'done') return;
    if (this.#state !== 'until-close') {
      throw new ConnectionError(
        this.#state === 'head'
          ? 'the daemon closed the connection without an answer'
          : 'the daemon closed the connection in the middle of an answer',
      );
    }
    this.#finish();
  }

  /** One state's worth; undefined when more bytes are needed. */
  #step(bytes: Buffer): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes);
      case 'length':
        return this.#data(bytes, () => this.#finish());
      case 'chunk-size':
        return this.#chunkSize(bytes);
      case 'chunk-data':
        return this.#data(bytes, () => {
          this.#state = 'chunk-end';
        });
      case 'chunk-end': {
        const line = takeLine(bytes);
        if (line === undefined) return undefined;
        if (line.text !== '') throw new ConnectionError('malformed chunk from the daemon');
        this.#state = 'chunk-size';
        return line.rest;
      }
      case 'trailers': {
        const line = takeLine(bytes);
        if (line?.text === '') this.#finish();
        return line?.rest;
      }
      case 'until-close':
        this.#handler.onBody(bytes);
        return EMPTY;
      case 'done':
        return bytes;
    }
  }

  #head(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf('\r\n\r\n');
    if (end > MAX_HEAD || (end < 0 && bytes.length > MAX_HEAD)) {
      throw new ConnectionError('the header of the daemon’s answer is too long');
    }
    if (end < 0) return undefined;
    const head = parseHead(bytes.toString('latin1', 0, end));
    const rest = bytes.subarray(end + 4);
    if (head.status >= 100 && head.status < 200 && head.status !== 101) return rest;
    this.#frame(head);
    this.#handler.onHead(head);
    // Only now: onEnd must not come before onHead.
    if (this.#state === 'length' && this.#remaining === 0) this.#finish();
    return rest;
  }

  /** How the body ends: RFC 9112, 6.3. */
  #frame({ status, minor, headers }: ResponseHead): void {
    const connection = headers.get('connection')?.toLowerCase() ?? '';
    this.#keepAlive = minor === 1 ? !connection.includes('close') : connection.includes('keep-alive');
    this.#remaining = 0;
    this.#state = 'length';
    if (this.#bodiless || status === 101 || status === 204 || status === 304) return;
    if (headers.get('transfer-encoding')?.toLowerCase().endsWith('chunked')) {
      this.#state = 'chunk-size';
      return;
    }
    const length = headers.get('content-length');
    if (length === undefined) {
      this.#keepAlive = false;
      this.#state = 'until-close';
      return;
    }
    if (!/^\d{1,15}$/.test(length))
      throw new ConnectionError(`malformed Content-Length from the daemon: '${length}'`);
    this.#remaining = Number(length);
  }

  #chunkSize(bytes: Buffer): Buffer | undefined {
    const line = takeLine(bytes);
    if (line === undefined) return undefined;
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line.text)?.[1];
    if (size === undefined) throw new ConnectionError('malformed chunk from the daemon');
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk-data';
    return line.rest;
  }

  #data(bytes: Buffer, complete: () => void): Buffer {
    const part = bytes.length <= this.#remaining ? bytes : bytes.subarray(0, this.#remaining);
    this.#remaining -= part.length;
    this.#handler.onBody(part);
    if (this.#remaining === 0) complete();
    return bytes.subarray(part.length);
  }

  #finish(): void {
    this.#state = 'done';
    this.#handler.onEnd();
  }
}

function takeLine(bytes: Buffer): { text: string; rest: Buffer } | undefined {
  const end = bytes.indexOf(0x0a);
  if (end > MAX_LINE || (end < 0 && bytes.length > MAX_LINE)) {
    throw new ConnectionError('a line in the daemon’s answer is too long');
  }
  if (end < 0) return undefined;
  const text = bytes.toString('latin1', 0, end > 0 && bytes[end - 1] === 0x0d ? end - 1 : end);
  return { text, rest: bytes.subarray(end + 1) };
}
