import type { ReadStream } from 'node:tty';
import type { ByteChannel } from '#client';
import { FrameDecoder } from '#protocol';
import { Exit } from '../errors.ts';
import type { Output } from '../output/output.ts';
import { isTerminal, rawMode } from '../terminal/terminal.ts';
import { DetachFilter } from './detach-keys.ts';

export interface SessionOptions {
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Bytes that end the session without ending the process. */
  readonly detachKeys: Buffer;
  readonly out: Output;
  readonly err: Output;
}

export type SessionEnd = 'ended' | 'detached';

/** Joins this process's streams to a hijacked connection until the far side has no more to say, or the user detaches. */
export async function runSession(channel: ByteChannel, options: SessionOptions): Promise<SessionEnd> {
  using input = options.stdin ? await startInput(channel, options) : NO_INPUT;
  return await Promise.race([copyOutput(channel, options), input.detached]);
}

interface Input extends Disposable {
  /** Resolves when the detach keys were typed; else never. */
  readonly detached: Promise<'detached'>;
}

const NO_INPUT: Input = { detached: new Promise(() => {}), [Symbol.dispose]() {} };

/** stdin -> container. Its end closes our direction only: the container may go on writing. */
async function startInput(channel: ByteChannel, options: SessionOptions): Promise<Input> {
  const { stdin } = process;
  const raw = options.tty && (await isTerminal(0)) ? rawMode(stdin as ReadStream) : undefined;
  const filter = new DetachFilter(raw ? options.detachKeys : Buffer.alloc(0));
  const { promise: detached, resolve } = Promise.withResolvers<'detached'>();
  const onData = (typed: Buffer) => {
    const found = filter.push(typed);
    const room = found.send.length === 0 || channel.write(found.send);
    if (found.detached) resolve('detached');
    else if (!room) {
      stdin.pause();
      channel.once('drain', () => stdin.resume());
    }
  };
  const onEnd = () => channel.end();
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
  return {
    detached,
    [Symbol.dispose]() {
      stdin.off('data', onData).off('end', onEnd).off('error', onEnd);
      stdin.pause();
      raw?.[Symbol.dispose]();
    },
  };
}

/** container -> stdout and stderr. */
function copyOutput(channel: ByteChannel, { tty, out, err }: SessionOptions): Promise<'ended'> {
  const decoder = tty ? undefined : new FrameDecoder();
  return new Promise((resolve, reject) => {
    channel.on('data', (chunk: Buffer) => {
      try {
        if (decoder) writeFrames(decoder, chunk, out, err);
        else out.write(chunk);
      } catch (error) {
        channel.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    channel.on('end', () => resolve('ended'));
    channel.on('close', () => resolve('ended'));
    // A connection that breaks is an end too: the exit status tells what became of the container.
    channel.on('error', () => resolve('ended'));
    // It was handed over paused, so that nothing is lost before somebody listens.
    channel.resume();
  });
}

/** @throws Exit when the daemon puts an error of its own into the stream */
export function writeFrames(decoder: FrameDecoder, chunk: Buffer, out: Output, err: Output): void {
  for (const { stream, data } of decoder.push(chunk)) {
    if (stream === 'systemerr') throw new Exit(1, `error from daemon in stream: ${data.toString()}`);
    (stream === 'stderr' ? err : out).write(data);
  }
}
