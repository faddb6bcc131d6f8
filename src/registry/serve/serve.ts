import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { conflict, invalid, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { tryLock } from '#linux/files';
import { Access } from '../access/access.ts';
import { collectEvery } from '../collection/schedule.ts';
import { RequestMetrics } from '../http/request-metrics.ts';
import { registryServer } from '../http/server.ts';
import { Registry } from '../registry.ts';
import type { AuthConfig, Config } from './config.ts';
import { serveMetrics } from './serve-metrics.ts';

/** Requests that go on when it shall end get so long. */
const GRACE_MS = 10_000;

export interface Serving extends AsyncDisposable {
  readonly address: AddressInfo;
}

/** A registry that serves. @throws invalid, conflict, system */
export async function serve(config: Config, log: Logger): Promise<Serving> {
  await using stack = new AsyncDisposableStack();
  const tls = config.tls && {
    cert: read(config.tls.cert, 'TLS certificate'),
    key: read(config.tls.key, 'TLS key'),
  };
  stack.adopt(lockRoot(config.root), closeSync);
  const { root, readOnly, quotas, webhooks, upstreams, s3, gc } = config;
  const registry = stack.use(await Registry.open({ root, readOnly, quotas, webhooks, upstreams, s3, log }));
  if (gc) stack.use(collectEvery(gc.interval, () => registry.collect(gc), log));
  const access = config.auth && stack.use(await openAccess(config.auth));
  const metrics = new RequestMetrics(registry);
  if (config.metrics) stack.use(await serveMetrics(config.metrics, metrics));
  const server = registryServer(registry, { tls, access, metrics });
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

function openAccess({ issuer, ...rest }: AuthConfig): Promise<Access> {
  const keys = issuer && read(issuer.keys, 'keys of the token issuer').toString();
  return Access.open({ ...rest, ...(issuer && { issuer: { ...issuer, keys: keys ?? '' } }) });
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw invalid(`cannot read the ${what}: ${messageOf(error)}`, error);
  }
}
