import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { codeOf, messageOf } from '#lib/errors';
import type { Forwards } from './forwards.ts';
import type { Answer, Question } from './protocol.ts';

/** Serves the engines that live in this holder's namespaces, one after the other. `end` is called when one says so. */
export async function serveEngines(path: string, forwards: Forwards, end: () => void): Promise<void> {
  rmSync(path, { force: true });
  let clients = 0;
  const server = createServer((socket) => {
    const client = ++clients;
    socket.on('error', () => socket.destroy());
    void converse(socket, async (question) => {
      if (question.do === 'open') return forwards.open(client, question);
      if (question.do === 'close') forwards.close(question.id);
      else if (question.do === 'settle') forwards.settle(client);
      else setImmediate(end);
      return 0;
    });
  });
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
}

async function converse(socket: Socket, answer: (question: Question) => Promise<number>): Promise<void> {
  for await (const line of createInterface({ input: socket })) {
    let reply: Answer;
    try {
      reply = { id: await answer(JSON.parse(line) as Question) };
    } catch (error) {
      reply = { error: { message: messageOf(error), code: codeOf(error) } };
    }
    if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`);
  }
}
