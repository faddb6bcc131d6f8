import { cancelled } from '#lib/errors';
import { verified } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import { type Endpoint, refusalOf } from './endpoint.ts';
import { RegistryError } from './errors.ts';
import { NetworkError } from './network-errors.ts';
import { backOff, pause, spread } from './pause.ts';
import type { Response } from './transport.ts';
import { hasBlob } from './upload.ts';
import { Source } from './upload-source.ts';

/** Bytes of a blob; `end` is exclusive. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

export interface Upload {
  readonly path: string;
  readonly descriptor: Descriptor;
  readonly scopes: readonly string[];
  /** Called again for each part that is sent, and for what is sent again. */
  readonly open: (part: Part) => AsyncIterable<Uint8Array>;
  readonly retryDelay: number;
}

/** In a row without a byte that the registry has taken between them. */
const MAX_ATTEMPTS = 3;
/** What something between us and the registry takes at a time, where it does not take all at once. */
const CHUNK_BYTES = 16 << 20;
/** For saying that nobody will go on with an upload. */
const FAREWELL_MS = 2000;

/**
 * POST opens the upload, PATCH sends the bytes, PUT closes it: the way that every registry knows from Docker. When
 * the connection breaks the registry is asked how much it has, and the rest is sent; what is too large for one
 * request goes in chunks. @throws RegistryError, NetworkError, cancelled; what `open`'s stream throws; when its content is
 * not what the descriptor says
 */
export async function uploadBlob(endpoint: Endpoint, upload: Upload, signal?: AbortSignal): Promise<void> {
  const session = new Session(endpoint, upload, signal);
  for (let failures = 0; ; ) {
    const before = session.offset;
    try {
      await session.run();
      return;
    } catch (error) {
      failures = session.offset > before ? 1 : failures + 1;
      if (signal?.aborted || failures >= MAX_ATTEMPTS || !isPassing(error)) {
        await session.abandon(error);
        throw signal?.aborted ? cancelled() : error;
      }
      if (session.offset === before) session.sendLess();
      await pause(spread(backOff(upload.retryDelay, failures)), signal);
    }
  }
}

/** A stream cannot be sent again by itself, so a token that has expired meanwhile is found out here. */
const isPassing = (error: unknown): boolean =>
  (error instanceof NetworkError && error.transient) ||
  (error instanceof RegistryError &&
    (error.kind === 'unavailable' || error.kind === 'unauthorized' || isGone(error)));

/** The registry does not know the upload any more, or has less of it than it said. */
const isGone = ({ status, code }: RegistryError): boolean => status === 416 || code === 'BLOB_UPLOAD_UNKNOWN';

class Session {
  readonly #endpoint: Endpoint;
  readonly #upload: Upload;
  readonly #signal: AbortSignal | undefined;
  #location: URL | undefined;
  /** Bytes that the registry has. */
  #offset = 0;
  /** It may have more or less than that. */
  #unsure = false;
  #chunk: number | undefined;
  #smallest = 0;

  constructor(endpoint: Endpoint, upload: Upload, signal: AbortSignal | undefined) {
    this.#endpoint = endpoint;
    this.#upload = upload;
    this.#signal = signal;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Some cut the line when a request is too large for them, and some say so. */
  sendLess(): void {
    this.#chunk = CHUNK_BYTES;
  }

  /** Goes on with the upload to its end. */
  async run(): Promise<void> {
    const { size } = this.#upload.descriptor;
    let location = await this.#take();
    while (this.#offset < size) location = await this.#send(location);
    await this.#close(location);
  }

  /** Where the upload goes on. */
  async #take(): Promise<URL> {
    if (this.#location && this.#unsure) await this.#ask(this.#location);
    this.#location ??= await this.#open();
    return this.#location;
  }

  async #open(): Promise<URL> {
    const { path, scopes } = this.#upload;
    const request = { method: 'POST', headers: { 'content-length': '0' }, scopes } as const;
    const opened = await this.#endpoint.expect([202], `${path}/blobs/uploads/`, request, this.#signal);
    await opened.discard();
    this.#offset = 0;
    this.#unsure = false;
    this.#smallest = Number(opened.header('oci-chunk-min-length') ?? 0) || 0;
    return this.#endpoint.resolve(opened);
  }

  /** How much has it? When it does not know, the upload begins anew. */
  async #ask(location: URL): Promise<void> {
    const { scopes, descriptor } = this.#upload;
    const answer = await this.#endpoint.send(location, { method: 'GET', scopes }, this.#signal);
    await answer.discard();
    const taken = answer.status === 204 || answer.status === 202 ? takenOf(answer) : undefined;
    this.#location = undefined;
    if (taken === undefined || taken > descriptor.size) return;
    this.#location =
      answer.header('location') === undefined ? location : await this.#endpoint.resolve(answer);
    this.#offset = taken;
    this.#unsure = false;
  }

  /** The rest, or a chunk of it. @returns where it goes on */
  async #send(location: URL): Promise<URL> {
    const { descriptor, open, scopes } = this.#upload;
    const start = this.#offset;
    const most = this.#chunk === undefined ? descriptor.size : Math.max(this.#chunk, this.#smallest);
    const end = Math.min(descriptor.size, start + most);
    const whole = start === 0 && end === descriptor.size;
    const content = open({ start, end });
    const source = new Source(whole ? verified(content, descriptor) : content);
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(end - start),
      ...(!whole && { 'content-range': `${start}-${end - 1}` }),
    };
    this.#unsure = true;
    const request = { method: 'PATCH', headers, scopes } as const;
    const sent = await source.whileSending((body) =>
      this.#endpoint.send(location, { ...request, body }, this.#signal),
    );
    if (sent.status === 413 && end - start > CHUNK_BYTES) {
      await sent.discard();
      this.sendLess();
      return this.#take();
    }
    if (sent.status !== 202 && sent.status !== 204) throw await refusalOf(sent, request);
    await sent.discard();
    this.#unsure = false;
    this.#offset = whole ? end : (takenOf(sent) ?? end);
    this.#location = sent.header('location') === undefined ? location : await this.#endpoint.resolve(sent);
    return this.#location;
  }

  async #close(location: URL): Promise<void> {
    const { path, scopes, descriptor } = this.#upload;
    const target = new URL(location);
    target.searchParams.set('digest', descriptor.digest);
    const request = {
      method: 'PUT',
      headers: { 'content-length': '0' },
      scopes,
      missing: 'BLOB_UPLOAD_UNKNOWN',
    } as const;
    const closed = await this.#endpoint.send(target, request, this.#signal);
    if (closed.status === 201 || closed.status === 204) return closed.discard();
    const refused = await refusalOf(closed, request);
    this.#unsure = true;
    // It was closed already, and the answer did not arrive.
    if (
      refused.status !== 404 ||
      !(await hasBlob(this.#endpoint, path, descriptor.digest, scopes, this.#signal))
    )
      throw refused;
  }

  /** Tells the registry that nobody will go on, so that it need not keep what it has. */
  async abandon(reason: unknown): Promise<void> {
    if (!this.#location || reason instanceof NetworkError) return;
    const request = { method: 'DELETE', scopes: this.#upload.scopes, attempts: 1 } as const;
    try {
      const answer = await this.#endpoint.send(this.#location, request, AbortSignal.timeout(FAREWELL_MS));
      await answer.discard();
    } catch {
      // It collects what is given up in time.
    }
  }
}

/** `Range: 0-99`: 100 bytes. `0-0` is also what some say when they have none. */
function takenOf(response: Response): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.header('range') ?? '')?.[1];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}
