/** A process that has Networks open and serves calls over IPC: the tests kill it. Argument: the options as JSON. */
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { Events } from '#engine/events';
import { isKind, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { Database } from '#store';
import { Networks } from './index.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as Record<string, unknown> & {
  base: string;
  instance: string;
};
const print = (level: string) => (message: string, fields?: object) =>
  console.error(level, settings.instance, message, fields ?? '');
const log: Logger = { debug: print('debug'), info: () => {}, warn: print('warn'), error: print('error') };
const database = Database.open(join(settings.base, 'db'));
const networks = await Networks.open({
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  poolSize: 2,
  database,
  events: new Events(database),
  log,
  netnsRoot: join(settings.base, 'netns'),
  dnsRoot: join(settings.base, 'dns'),
  ...settings,
});

type Call = { id: number; method: string; args: unknown[] };

async function perform({ method, args }: Call): Promise<unknown> {
  if (method === 'recover') return await networks.recover(new Set(args[0] as string[]));
  if (method === 'endpoints') return [...networks.endpoints(String(args[0]))];
  const verb: unknown = Reflect.get(networks, method);
  if (typeof verb !== 'function') throw new Error(`no method ${method}`);
  return await Reflect.apply(verb, networks, args);
}

const KINDS = [
  'invalid',
  'forbidden',
  'not-found',
  'conflict',
  'unavailable',
  'unsupported',
  'system',
] as const;

process.on('message', (call: Call) => {
  perform(call).then(
    (value) => process.send?.({ id: call.id, value }),
    (error: unknown) => {
      const kind = KINDS.find((candidate) => isKind(error, candidate));
      process.send?.({
        id: call.id,
        error: messageOf(error),
        kind,
        stack: error instanceof Error ? error.stack : '',
      });
    },
  );
});
process.send?.({ ready: true });
// Those that are killed would leave nothing to the next.
flushCompileCache();
