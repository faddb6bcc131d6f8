import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { conflict, invalid, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { tryLock } from '#linux/files';
import { registryServer } from '../http/server.ts';
import { Registry } from '../registry.ts';
import type { Config } from './config.ts';

/** Requests that go on when it shall end get so long. */
const GRACE_MS = 10_000;

export interface Serving extends AsyncDisposable {
  readonly address: AddressInfo;
}

/** A registry that serves. @throws invalid, conflict, system */
export async function serve(config: Config, log: Logger): Promise<Serving> {
  await using stack = new AsyncDisposableStack();
  const tls = config.tls && {
    cert: readPem(config.tls.cert, 'certificate'),
    key: readPem(config.tls.key, 'key'),
  };
  stack.adopt(lockRoot(config.root), closeSync);
  const { root, readOnly } = config;
  const registry = stack.use(await Registry.open({ root, readOnly, log }));
  const server = registryServer(registry, { tls });
  server.listen(config.listen.port, config.listen.host);
  await once(server, 'listening');
  const kept = stack.move();
  return {
    address: server.address() as AddressInfo,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const impatience = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await closed;
      clearTimeout(impatience);
      await kept.disposeAsync();
    },
  };
}

/** Two processes that collect each other's blobs would be the end of both. */
function lockRoot(root: string): number {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const lock = openSync(join(root, 'lock'), 'w', 0o600);
  if (tryLock(lock)) return lock;
  closeSync(lock);
  throw conflict(`another registry serves ${root}`);
}

function readPem(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw invalid(`cannot read the TLS ${what}: ${messageOf(error)}`, error);
  }
}
