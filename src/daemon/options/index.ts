import { ACCESS } from './access.ts';
import { CONTAINERS } from './containers.ts';
import { IMAGES } from './images.ts';
import { NETWORKS } from './networks.ts';
import type { Option } from './option.ts';
import { PROCESS } from './process.ts';
import { SETTLED } from './settled.ts';

/** Every setting, by flag; dockerd's names and meanings. */
export const OPTIONS = { ...ACCESS, ...CONTAINERS, ...IMAGES, ...NETWORKS, ...PROCESS, ...SETTLED } as const;

export type OptionName = keyof typeof OPTIONS;

type ValueOf<O> = O extends { decode(value: unknown): infer T } ? T : never;

/** What was given, by flag or in the file. */
export type Settings = { readonly [K in OptionName]?: ValueOf<(typeof OPTIONS)[K]> };

/** An option whose type is looked after by its own functions. */
export interface AnyOption extends Pick<Option<unknown>, 'help' | 'short' | 'key' | 'live' | 'argument'> {
  readonly name: string;
  parse(text: string, before: unknown): unknown;
  decode(value: unknown): unknown;
  merge?(flag: unknown, file: unknown): unknown;
}

/** By name. */
export const ALL_OPTIONS: readonly AnyOption[] = Object.entries(OPTIONS)
  .map(([name, option]) => ({ name, ...(option as unknown as Omit<AnyOption, 'name'>) }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

/** The name in daemon.json; undefined for what only a flag can say. */
export const keyOf = ({ key, name }: AnyOption): string | undefined =>
  key === null ? undefined : (key ?? name);
