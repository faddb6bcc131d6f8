import { flushCompileCache } from 'node:module';
import { Api } from '#api';
import { Engine, hasContainers, keepInMemory, letMemoryGo } from '#engine';
import { messageOf } from '#lib/errors';
import type { LineLog } from '#lib/line-log';
import { Scope } from '#lib/scope';
import { releaseMemory } from '#linux/process';
import { Holder } from '#rootless';
import type { Config } from './config.ts';
import { listen } from './listeners.ts';
import { serveMetrics } from './metrics.ts';
import { notify } from './notify.ts';
import { writePidfile } from './pidfile.ts';
import { liveOptionsOf, reportReload, warnOfFeatures } from './reload.ts';
import { whenAtRest } from './rest.ts';

export interface Daemon {
  /** Puts those settings in force that may change while it runs, and names the others that have. @throws invalid, and changes nothing */
  reload(config: Config): void;
  /** Ends what is under way, closes the engine, removes socket and pid file. */
  stop(): Promise<void>;
}

/** Builds everything, in the order in which it depends on each other; a failure undoes what was done. */
export async function startDaemon(config: Config, version: string, log: LineLog): Promise<Daemon> {
  await using scope = new Scope();
  const { execRoot } = config.engine;
  // Now, for the pid file may lie in it.
  if (keepInMemory(execRoot)) scope.defer(() => letMemoryGo(execRoot));
  const pidfile = writePidfile(config.pidfile);
  scope.defer(() => pidfile[Symbol.dispose]());

  const holder = config.rootless ? new Holder(execRoot, log) : undefined;
  scope.defer(() => holder && endIfIdle(holder, execRoot));
  const engine = await Engine.open({
    ...config.engine,
    log,
    ...(holder && { rootless: { ports: holder } }),
  });
  scope.defer(() => engine.close());
  holder?.settle();

  let debug = config.debug;
  const api = new Api({
    engine,
    log,
    version,
    debug: () => debug,
    experimental: config.experimental,
    ...(config.minApiVersion !== undefined && { minApiVersion: config.minApiVersion }),
  });
  scope.defer(() => api.close());
  const listeners = await listen(api, { ...config, log });
  const metrics =
    config.metricsAddress === undefined
      ? undefined
      : await serveMetrics(engine, { address: config.metricsAddress, version, log });
  scope.keep();

  if (metrics) log.info('serving metrics', { url: metrics.url });
  for (const address of listeners.addresses) log.info('listening', { address });
  warnOfFeatures(config, log);
  releaseMemory();
  const rests = whenAtRest(releaseMemory);
  notify('READY=1', log);
  flushCompileCache();

  return {
    reload(changed) {
      engine.configure(liveOptionsOf(changed.engine), changed);
      debug = changed.debug;
      log.level = changed.logLevel;
      reportReload(config, changed, log);
    },
    async stop() {
      notify('STOPPING=1', log);
      rests[Symbol.dispose]();
      // Clients that come now find no socket, rather than one that nobody answers.
      listeners.removeSockets();
      await metrics?.[Symbol.asyncDispose]();
      for (const part of [api, engine]) {
        try {
          await part.close();
        } catch (error) {
          log.error('could not stop cleanly', { error: messageOf(error) });
        }
      }
      pidfile[Symbol.dispose]();
      if (holder) endIfIdle(holder, execRoot);
    },
  };
}

/** The namespaces of a rootless engine stay for as long as containers run in them. */
function endIfIdle(holder: Holder, execRoot: string): void {
  if (!hasContainers(execRoot)) holder.end();
}
