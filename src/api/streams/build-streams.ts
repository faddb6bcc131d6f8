import { once } from 'node:events';
import { cancelled, notFound, unavailable } from '#lib/errors';
import { newId } from '#lib/ids';
import type { Connection } from './connection.ts';
import type { JsonLines } from './json-lines.ts';

/** Milliseconds for a client to come with the connection that it was asked for. */
const PATIENCE = 30_000;

/**
 * Further connections of a build. The daemon asks for one in the progress, by a name that says what for (`output 0`,
 * `ssh default`); the client comes with `POST /build/streams/{id}` and takes the connection over.
 */
export class BuildStreams {
  readonly #expected = new Map<string, (connection: Connection) => void>();

  /** @throws unavailable when the client does not come, cancelled */
  async open(
    name: string,
    lines: JsonLines,
    signal: AbortSignal,
    paths?: readonly string[],
  ): Promise<Connection> {
    const id = newId();
    const come = Promise.withResolvers<Connection>();
    this.#expected.set(id, come.resolve);
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    const stop = () =>
      come.reject(
        signal.aborted
          ? cancelled('the build was cancelled')
          : unavailable(`the client does not serve ${name}`),
      );
    patience.addEventListener('abort', stop, { once: true });
    try {
      await lines.write({
        id: 'berth.build.stream',
        aux: { Stream: id, Name: name, ...(paths && { Paths: paths }) },
      });
      if (patience.aborted) stop();
      return await come.promise;
    } finally {
      patience.removeEventListener('abort', stop);
      this.#expected.delete(id);
    }
  }

  /** @throws notFound for a stream that nobody waits for */
  take(id: string): (connection: Connection) => void {
    const found = this.#expected.get(id);
    if (!found) throw notFound(`no build waits for stream ${id}`);
    this.#expected.delete(id);
    return found;
  }
}

/** Sends all of it, and waits until the client says that it has it: by closing its side. @throws unavailable */
export async function sendWhole(
  { input, output }: Connection,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  output.once('close', leave);
  output.on('error', leave);
  try {
    for await (const chunk of content) {
      if (gone.signal.aborted || signal.aborted) break;
      if (output.write(chunk)) continue;
      await once(output, 'drain', { signal: AbortSignal.any([signal, gone.signal]) }).catch(() => {});
    }
    if (signal.aborted) throw cancelled('the build was cancelled');
    if (gone.signal.aborted) throw unavailable('the client left before it had the whole output');
    output.end();
    for await (const _ of input);
  } finally {
    output.off('close', leave);
    input.destroy();
  }
}
