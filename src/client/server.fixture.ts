import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Listening extends AsyncDisposable {
  readonly host: string;
  readonly path: string;
}

/** An HTTP server on a unix socket of its own. */
export function serveHttp(
  listener: RequestListener,
  prepare: (server: HttpServer) => void = () => {},
): Promise<Listening> {
  const server = createHttpServer(listener);
  prepare(server);
  return listen(server, () => server.closeAllConnections());
}

/** A server that speaks whatever the test wants. */
export function serveRaw(onConnection: (socket: Socket) => void): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  return listen(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

async function listen(server: Server, disconnect: () => void): Promise<Listening> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-client-'));
  const path = join(directory, 's');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    path,
    async [Symbol.asyncDispose]() {
      disconnect();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
}
