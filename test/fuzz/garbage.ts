import { connect } from 'node:net';
import fc from 'fast-check';

/** Bytes that are no HTTP, or not quite. */
const LINES = [
  'GET',
  'GET /',
  'GET / HTTP/0.9',
  'GET / HTTP/1.1',
  'GET / HTTP/9.9',
  'POST /containers/create HTTP/1.1',
  'POST /exec/x/start HTTP/1.1',
  'PRI * HTTP/2.0',
  'OPTIONS * HTTP/1.1',
  'CONNECT a:1 HTTP/1.1',
  'CONNECT / HTTP/1.1',
  'TRACE / HTTP/1.1',
  'GET http://[::1/ HTTP/1.1',
  'GET \u0000 HTTP/1.1',
  'Host: x',
  'Host:',
  ': x',
  ' folded',
  'Content-Length: -1',
  'Content-Length: 5',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: identity',
  'Connection: Upgrade',
  'Connection: close',
  'Upgrade: tcp',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: x',
  'Expect: 100-continue',
  'Expect: x',
  `X: ${'x'.repeat(70_000)}`,
  '',
  '',
  '0',
  'ffffffffffffffff',
  '5;a=b',
  'hello',
  '{}',
];

export const garbage: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...LINES), fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r', '')), {
        maxLength: 14,
      })
      .map((lines) => lines.map(([line, end]) => line + end).join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 400 }) },
);

/** How long the other side may think about it, in milliseconds. */
const EARSHOT = 100;

/** Sends it and hangs up. What comes back must begin like HTTP, if anything does. */
export function throwAt(socketPath: string, bytes: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let heard = '';
    const timer = setTimeout(() => socket.destroy(), EARSHOT);
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      if (heard !== '' && !/^HTTP\/1\.1 [1-5]\d\d /.test(heard))
        reject(new Error(`no HTTP: ${heard.slice(0, 200)}`));
      else if (/^HTTP\/1\.1 500 /m.test(heard))
        reject(new Error(`garbage is answered with ${heard.slice(0, 500)}`));
      else resolve();
    });
    socket.end(bytes);
  });
}
