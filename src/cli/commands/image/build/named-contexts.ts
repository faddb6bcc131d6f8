import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Exit, fileError } from '../../../errors.ts';
import { splitPair } from '../../../flags/flag.ts';
import { packDirectory } from './context.ts';
import { isRemote } from './input.ts';

/** `--build-context`. */
export interface NamedContexts {
  /** As the daemon knows them. */
  readonly wire: Readonly<Record<string, string>>;
  /** Files of one of them. */
  pack(name: string, paths: readonly string[]): AsyncIterable<Uint8Array>;
}

/** `name=directory`, `name=docker-image://image`, `name=oci-layout://directory[:tag]`, `name=https://…`. @throws Exit */
export async function planNamedContexts(texts: readonly string[]): Promise<NamedContexts> {
  const wire: Record<string, string> = {};
  const directories = new Map<string, string>();
  for (const text of texts) {
    const [name, value] = splitPair(text);
    if (name === '' || value === '') throw new Exit(1, `invalid context value: ${text}, expected key=value`);
    const layout = /^oci-layout:\/\/(.*?)((?:@sha256:[0-9a-f]{64})|(?::[\w.-]+))?$/.exec(value);
    if (layout) {
      directories.set(name, await directoryOf(name, layout[1] ?? ''));
      wire[name] = `client-layout:${(layout[2] ?? '').slice(1)}`;
    } else if (value.startsWith('docker-image://') || isRemote(value)) wire[name] = value;
    else {
      directories.set(name, await directoryOf(name, value));
      wire[name] = 'client:';
    }
  }
  return {
    wire,
    pack(name, paths) {
      const root = directories.get(name);
      if (root === undefined) throw new Exit(1, `the daemon asked for an unknown context: ${name}`);
      return packDirectory(root, paths);
    },
  };
}

async function directoryOf(name: string, path: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    throw new Exit(1, `build context ${name}: ${path}: ${fileError(error)}`);
  });
  if (!found.isDirectory()) throw new Exit(1, `build context ${name}: ${path} is not a directory`);
  return resolve(path);
}
