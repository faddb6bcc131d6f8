import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Attack } from './request.ts';

export interface Outcome {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Milliseconds without an answer that count as a hang. */
const PATIENCE = 30_000;
/** How long a stream without end is listened to. */
const EARSHOT = 150;
/** How long an operation that may wait by what it is asked for is waited for. */
const LONGEST_WAIT = 2_000;
const LONGEST_TEXT = 200_000;

/** Sends it and hears what comes; undefined when the line was cut without an answer. */
export function send(socketPath: string, attack: Attack, exec: string): Promise<Outcome | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome | undefined>();
  const { operation, headers, body } = attack;
  const path = attack.path.replaceAll('{exec}', exec);
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
  const all = { ...length, ...headers };
  const request = httpRequest({ socketPath, path, method: operation.method, headers: all, agent: false });
  const timer = setTimeout(() => {
    reject(new Error(`no answer within ${PATIENCE} ms`));
    request.destroy();
  }, PATIENCE);
  const settle = (outcome: Outcome | undefined) => {
    clearTimeout(timer);
    resolve(outcome);
    request.destroy();
  };
  // A wait may last, before version 1.30 without headers, and so may a stop that is told to have all the time there is.
  if (/\/(wait|stop|restart)$/.test(operation.path)) setTimeout(() => settle(undefined), LONGEST_WAIT);
  request.on('response', (response) => hear(response, operation.answer !== 'whole', settle));
  request.on('upgrade', (response, socket) => {
    socket.on('error', () => {});
    settle({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text: '' });
    socket.destroy();
  });
  // A refusal may come while the body is still on its way, and the line be cut behind it.
  request.on('error', () => settle(undefined));
  request.end(body);
  return promise;
}

function hear(response: IncomingMessage, endless: boolean, settle: (outcome: Outcome) => void): void {
  let text = '';
  const done = () =>
    settle({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text });
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.length > LONGEST_TEXT) done();
  });
  response.on('end', done).on('error', done);
  if (endless && response.statusCode === 200) setTimeout(done, EARSHOT);
}
