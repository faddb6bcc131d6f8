import { Socket } from 'node:net';
import { HEADER } from './message/codes.ts';

/**
 * Asks a question by TCP on a connection that is being made (a descriptor, which is taken over): the
 * message that answers, or undefined when the connection breaks. Aborting closes it.
 */
export function askByTcp(
  connection: Socket,
  question: Buffer,
  isAnswer: (message: Buffer) => boolean,
  done: (message: Buffer | undefined) => void,
): () => void {
  let received: Buffer[] = [];
  let length = 0;
  let finished = false;
  const finish = (message: Buffer | undefined) => {
    if (finished) return;
    finished = true;
    connection.destroy();
    done(message);
  };
  connection.on('error', () => finish(undefined));
  connection.on('close', () => finish(undefined));
  connection.on('data', (chunk: Buffer) => {
    received.push(chunk);
    length += chunk.length;
    for (;;) {
      if (length < 2) return;
      const joined = received.length === 1 && received[0] ? received[0] : Buffer.concat(received, length);
      received = [joined];
      const end = 2 + joined.readUInt16BE(0);
      if (length < end) return;
      const message = joined.subarray(2, end);
      if (message.length >= HEADER && isAnswer(message)) return finish(Buffer.from(message));
      received = [joined.subarray(end)];
      length -= end;
    }
  });
  const head = Buffer.alloc(2);
  head.writeUInt16BE(question.length, 0);
  connection.write(Buffer.concat([head, question]));
  return () => {
    finished = true;
    connection.destroy();
  };
}
