import type { Duplex } from 'node:stream';
import { codeOf } from '#lib/errors';

/**
 * A daemon that refuses a body answers and closes before it has read it all. Writing on fails then, and Node would throw
 * the connection away with the answer still unread in it: so such a failure is no failure, the answer or the end of the
 * connection tell what happened.
 */
export function outliveRefusedWrites(stream: Duplex): void {
  const forgive = (done: (error?: Error | null) => void) => (error?: Error | null) => {
    const code = error ? codeOf(error) : undefined;
    done(code === 'EPIPE' || code === 'ECONNRESET' ? null : error);
  };
  const write = stream._write.bind(stream);
  stream._write = (chunk, encoding, done) => write(chunk, encoding, forgive(done));
  const writev = stream._writev?.bind(stream);
  if (writev) stream._writev = (chunks, done) => writev(chunks, forgive(done));
}
