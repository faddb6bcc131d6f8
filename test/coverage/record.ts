import { appendFileSync } from 'node:fs';
import { IncomingMessage, Server, ServerResponse } from 'node:http';

/** One answered request of the API, as a line of JSON in the file that BERTH_TEST_REQUESTS names. */
export interface Recorded {
  readonly method: string;
  readonly url: string;
  /** 101 for a connection that was taken over. */
  readonly status: number;
  /** Empty unless it is JSON. */
  readonly body: string;
}

const LONGEST_BODY = 64 * 1024;
const file = process.env['BERTH_TEST_REQUESTS'];

/** The text of a JSON body, while it passes on its way to whoever reads it. */
function overhear(request: IncomingMessage): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  const push = request.push.bind(request);
  request.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk instanceof Uint8Array && size < LONGEST_BODY) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
    }
    return push(chunk, encoding);
  };
  const isJson = request.headers['content-type']?.startsWith('application/json');
  return () => (isJson && size < LONGEST_BODY ? Buffer.concat(chunks).toString() : '');
}

function record(request: IncomingMessage, response: unknown): void {
  const body = overhear(request);
  const write = (status: number) => {
    const line: Recorded = { method: request.method ?? '', url: request.url ?? '', status, body: body() };
    // At once: the process may be about to be killed.
    appendFileSync(file ?? '', `${JSON.stringify(line)}\n`);
  };
  if (response instanceof ServerResponse) response.once('close', () => write(response.statusCode));
  else request.socket.once('close', () => write(101));
}

/** Loaded into a daemon before its own code: every server of the process is listened to. */
if (file !== undefined && process.argv[1]?.includes('main.')) {
  const emit = Server.prototype.emit;
  Server.prototype.emit = function (this: Server, name: string | symbol, ...rest: unknown[]): boolean {
    const [request, response] = rest;
    if (name === 'request' || name === 'checkContinue' || name === 'upgrade')
      if (request instanceof IncomingMessage) record(request, response);
    return Reflect.apply(emit, this, [name, ...rest]);
  };
}
