import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { codeOf, invalid, unsupported } from '#lib/errors';

/**
 * Decompresses with a program of that name.
 * @throws invalid when it cannot read the stream, unsupported when it is not installed; the source's own error
 */
export async function* throughProgram(
  source: AsyncIterable<Uint8Array>,
  name: 'bzip2' | 'xz',
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const child = spawn(name, ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'], ...(signal && { signal }) });
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code);
  // Looked at below, when the output has ended.
  ended.catch(() => null);
  let lost: unknown;
  const fed = pipeline(
    noting(source, (error) => {
      lost = error;
    }),
    child.stdin,
  );
  // A source that fails must not look like one that ends: what the program makes of it is not to be believed then.
  fed.catch(() => child.kill('SIGKILL'));
  try {
    yield* child.stdout;
    const code = await ended;
    await fed.catch(() => {});
    if (lost !== undefined) throw lost;
    if (code !== 0) throw invalid(`damaged or truncated compressed data: ${name} cannot read it`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT')
      throw unsupported(`${name} compression needs the program ${name}, which is not installed`, error);
    throw error;
  } finally {
    child.kill('SIGKILL');
  }
}

async function* noting(
  source: AsyncIterable<Uint8Array>,
  note: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* source;
  } catch (error) {
    note(error);
    throw error;
  }
}
