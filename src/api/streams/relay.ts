import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { encodeFrame, frameHeader } from '#protocol';
import { DetachFilter } from '../detach-keys.ts';
import type { Connection } from './connection.ts';

const HANG_UP_TIMEOUT = 5_000;

/** One record of a program's output. */
export interface OutputRecord {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/** The streams of an attach or exec. */
export interface Session extends AsyncDisposable {
  readonly tty: boolean;
  /** Object mode: OutputRecord. */
  readonly output: Readable;
  readonly stdin: Writable | undefined;
}

export interface RelayOptions {
  /** Each record behind a header that names its stream; else the bare bytes. */
  readonly framed: boolean;
  readonly detachKeys: Uint8Array;
  readonly signal: AbortSignal;
  /** Hangs up only then: a client that asks right after the end must find the exit on record. */
  readonly ended?: Promise<unknown>;
}

/**
 * Carries a session over a connection until the program's output ends, the user types the
 * detach keys (terminals only) or the client goes. The end of the client's input ends the
 * program's stdin and nothing else. True when the user detached.
 */
export async function relay(
  connection: Connection,
  session: Session,
  options: RelayOptions,
): Promise<boolean> {
  await using _ = session;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const clientGone = finished(connection.output, { readable: false, signal }).catch(() => {});
  const written = forwardOutput(session, connection.output, options.framed, signal).then(() => options.ended);
  const outputOver = Promise.race([written, clientGone]);
  const input = forwardInput(connection.input, session, options.detachKeys, signal);
  try {
    const over = outputOver.then(() => false);
    return await Promise.race([over, input.then((detached) => detached || over)]);
  } finally {
    over.abort();
    hangUp(connection);
  }
}

/** True when the user detached, false when the input ended. */
async function forwardInput(
  input: Readable,
  { stdin, tty }: Session,
  keys: Uint8Array,
  signal: AbortSignal,
): Promise<boolean> {
  const filter = tty ? new DetachFilter(keys) : undefined;
  // Whoever reads the other end may stop at any time: the program closed its stdin or ended.
  stdin?.on('error', () => {});
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (signal.aborted) return false;
      const { pass, detached } = filter?.push(chunk) ?? { pass: chunk, detached: false };
      if (stdin?.writable && pass.length > 0 && !stdin.write(pass)) await once(stdin, 'drain', { signal });
      if (detached) return true;
    }
    const held = filter?.flush();
    if (stdin?.writable) stdin.end(held);
  } catch {
    // The client or the program has gone; the output side tells which.
  }
  return false;
}

async function forwardOutput(
  { output }: Session,
  target: Writable,
  framed: boolean,
  signal: AbortSignal,
): Promise<void> {
  for await (const { stream, data } of output as AsyncIterable<OutputRecord>) {
    if (!target.writable) return;
    target.cork();
    if (framed) target.write(frameHeader(stream, data.length));
    const more = target.write(data);
    target.uncork();
    if (!more && !(await drained(target, signal))) return;
  }
}

async function drained(target: Writable, signal: AbortSignal): Promise<boolean> {
  try {
    await once(target, 'drain', { signal });
    return true;
  } catch {
    return false;
  }
}

/** Says why there is no session, in the stream itself: the answer's status has left already. */
export function endWithMessage(connection: Connection, message: string, framed: boolean): void {
  const text = Buffer.from(`${message}\r\n`);
  connection.output.write(framed ? encodeFrame('stdout', text) : text);
  hangUp(connection);
}

/** Ends our side, and the whole connection when the client does not end its own in time. */
function hangUp({ input, output }: Connection): void {
  input.resume();
  if (output.destroyed) return;
  output.end();
  setTimeout(() => output.destroy(), HANG_UP_TIMEOUT).unref();
}
