import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { it } from 'node:test';
import type { Engine } from '#engine';
import { ClientSession } from '../session/client-session.ts';
import { StatusLog } from './status-log.ts';
import { SteeredBuild } from './steered-build.ts';

it('a build whose client has gone before it began does not wait for a result', async () => {
  const [connection, client] = duplexPair();
  const session = new ClientSession(new Set(), connection);
  const request = { ref: 'id', exporters: [], cacheExports: [], cacheImports: [], entitlements: [] };
  const engine = {} as Engine;
  await using build = new SteeredBuild(engine, session, request, new StatusLog(), AbortSignal.abort());
  await assert.rejects(build.finish(), /cancelled/);
  connection.destroy();
  client.destroy();
});
