import { resolve } from 'node:path';
import { isRemote } from '../image/build/input.ts';
import type { Target } from './target.ts';

/** Flags of `build` for lists, by attribute. */
const LISTS = {
  tags: 'tag',
  platforms: 'platform',
  annotations: 'annotation',
  entitlements: 'allow',
  'no-cache-filter': 'no-cache-filter',
  attest: 'attest',
  'cache-from': 'cache-from',
  'cache-to': 'cache-to',
  output: 'output',
  secret: 'secret',
  ssh: 'ssh',
} as const;

const TEXTS = ['target', 'network', 'shm-size', 'call'] as const;
const MAPS = { args: 'build-arg', labels: 'label' } as const;

/**
 * What `berth build` would be told of a target. `files`: where its Dockerfile is if the bake file holds it, and where
 * the results of targets are that are its contexts.
 */
export function argumentsOf(
  target: Target,
  files: { readonly dockerfile: string | undefined; readonly layouts: ReadonlyMap<string, string> },
): string[] {
  const { context = '.', dockerfile } = target;
  const words: string[] = [];
  const say = (flag: string, value: string) => words.push(`--${flag}=${value}`);
  for (const [attribute, flag] of Object.entries(LISTS))
    for (const value of target[attribute as keyof typeof LISTS] ?? []) say(flag, value);
  for (const name of TEXTS) if (target[name] !== undefined) say(name, target[name]);
  for (const [attribute, flag] of Object.entries(MAPS))
    for (const [key, value] of Object.entries(target[attribute as keyof typeof MAPS] ?? {}))
      say(flag, value === null ? key : `${key}=${value}`);
  for (const [name, address] of Object.entries(target['extra-hosts'] ?? {}))
    say('add-host', `${name}:${address}`);
  for (const [name, place] of Object.entries(target.contexts ?? {})) {
    const layout = place?.startsWith('target:') ? files.layouts.get(place.slice(7)) : undefined;
    say('build-context', `${name}=${layout === undefined ? place : `oci-layout://${layout}`}`);
  }
  if (target['no-cache']) words.push('--no-cache');
  if (target.pull) words.push('--pull');
  if (files.dockerfile !== undefined) say('file', files.dockerfile);
  // A target's Dockerfile is named from its context, that of `build` from where one is.
  else if (dockerfile !== undefined)
    say('file', isRemote(context) ? dockerfile : resolve(context, dockerfile));
  return [...words, '--', context];
}
