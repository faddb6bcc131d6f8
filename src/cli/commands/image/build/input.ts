import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { QueryValue } from '#client';
import { Exit, fileError } from '../../../errors.ts';
import { readFileOrStdin } from '../../input-file.ts';
import type { ContextOptions } from './context.ts';

/** What a build begins with. */
export interface Input {
  readonly dockerfile: string;
  readonly content: AsyncIterable<Uint8Array>;
  /** What the daemon is told of it. */
  readonly query: Readonly<Record<string, QueryValue>>;
  /** Files that the daemon asks for later. */
  readonly pack?: (paths: readonly string[]) => AsyncIterable<Uint8Array>;
}

/** Whether a context is fetched by the daemon. */
export const isRemote = (path: string): boolean => /^(?:https?|git|ssh):\/\/|^git@|^github\.com\//.test(path);

export const fromRemote = (url: string, { file }: { readonly file: string }): Input => ({
  dockerfile: file || 'Dockerfile',
  content: nothing(),
  query: { remote: url },
});

async function* nothing(): AsyncGenerator<Uint8Array, void> {}

/** `asks`: the daemon asks for the files that it needs. */
export async function fromDirectory(
  path: string,
  { file }: { readonly file: string },
  asks: boolean,
): Promise<Input> {
  const root = resolve(path);
  const found = await stat(root).catch((error: unknown) => {
    throw new Exit(1, `unable to prepare context: path "${path}": ${fileError(error)}`);
  });
  if (!found.isDirectory()) throw new Exit(1, `unable to prepare context: "${path}" is not a directory`);
  const { packContext } = await import('./context.ts');
  const inputOf = (options: ContextOptions): Input => {
    const { dockerfile } = options;
    if (!asks) return { dockerfile, content: packContext(root, options), query: {} };
    return {
      dockerfile,
      content: packContext(root, { ...options, describing: true }),
      query: { context: 'asked' },
      pack: (paths) => packContext(root, { ...options, paths }),
    };
  };
  const named = file === '' ? 'Dockerfile' : relative(root, resolve(file));
  if (file !== '' && (named.startsWith('..') || isAbsolute(named) || file === '-')) {
    // From elsewhere: it travels with the context under a name that nobody else has.
    const content = await readFileOrStdin(file);
    const name = `.dockerfile.${process.pid}`;
    return inputOf({ dockerfile: name, foreign: { name, content } });
  }
  await stat(resolve(root, named)).catch((error: unknown) => {
    throw new Exit(1, `unable to prepare context: ${resolve(root, named)}: ${fileError(error)}`);
  });
  return inputOf({ dockerfile: named });
}

/** A tar tells itself by what is in it; anything else is a Dockerfile without a context. */
export async function fromStdin({ file }: { readonly file: string }): Promise<Input> {
  const { peekArchive } = await import('./stdin.ts');
  const { archive, content } = await peekArchive(createReadStream('', { fd: 0 }));
  if (archive) return { dockerfile: file || 'Dockerfile', content, query: {} };
  return { dockerfile: 'Dockerfile', content, query: {} };
}
