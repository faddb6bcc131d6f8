import { LIVE_OPTIONS, type LiveOptions } from '#engine';
import type { LineLog } from '#lib/line-log';
import type { Config } from './config.ts';
import type { EngineConfig } from './engine-config.ts';
import { ALL_OPTIONS, type AnyOption, keyOf, type Settings } from './options/index.ts';

/** What of the engine's options may change while it runs. */
export const liveOptionsOf = (engine: EngineConfig): LiveOptions =>
  Object.fromEntries(
    LIVE_OPTIONS.map((name) => [name, engine[name]]).filter(([, value]) => value !== undefined),
  );

/** dockerd takes every name; those that mean nothing here should not look as if they did. */
export function warnOfFeatures({ engine }: Config, log: LineLog): void {
  const names = Object.keys(engine.features ?? {});
  if (names.length > 0) log.warn('no feature has a meaning here', { features: names.join(', ') });
}

/** Says what is in force, and what needs a restart. */
export function reportReload(started: Config, changed: Config, log: LineLog): void {
  const live = ALL_OPTIONS.filter((option) => option.live).map((option) => [
    keyOf(option),
    valueOf(changed.settings, option),
  ]);
  log.info('reloaded configuration', Object.fromEntries(live) as Record<string, unknown>);
  const others = ALL_OPTIONS.filter(
    (option) => !option.live && differ(valueOf(started.settings, option), valueOf(changed.settings, option)),
  );
  warnOfFeatures(changed, log);
  if (others.length > 0)
    log.warn('settings have changed that need a restart of the daemon', {
      settings: others.map((option) => keyOf(option) ?? option.name).join(', '),
    });
}

const valueOf = (settings: Settings, { name }: AnyOption): unknown =>
  (settings as Readonly<Record<string, unknown>>)[name];

const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
