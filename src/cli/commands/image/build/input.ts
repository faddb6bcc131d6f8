import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { Exit, fileError } from '../../../errors.ts';

/** What a build begins with. */
export interface Input {
  readonly dockerfile: string;
  readonly content: AsyncIterable<Uint8Array>;
}

export async function fromDirectory(path: string, { file }: { readonly file: string }): Promise<Input> {
  const root = resolve(path);
  const found = await stat(root).catch((error: unknown) => {
    throw new Exit(1, `unable to prepare context: path "${path}": ${fileError(error)}`);
  });
  if (!found.isDirectory()) throw new Exit(1, `unable to prepare context: "${path}" is not a directory`);
  const { packContext } = await import('./context.ts');
  const named = file === '' ? 'Dockerfile' : relative(root, resolve(file));
  if (file !== '' && (named.startsWith('..') || isAbsolute(named) || file === '-')) {
    // From elsewhere: it travels with the context under a name that nobody else has.
    const content = await readDockerfile(file);
    const name = `.dockerfile.${process.pid}`;
    return { dockerfile: name, content: packContext(root, { dockerfile: name, foreign: { name, content } }) };
  }
  await stat(resolve(root, named)).catch((error: unknown) => {
    throw new Exit(1, `unable to prepare context: ${resolve(root, named)}: ${fileError(error)}`);
  });
  return { dockerfile: named, content: packContext(root, { dockerfile: named }) };
}

async function readDockerfile(file: string): Promise<Buffer> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file);
  } catch (error) {
    throw new Exit(1, `unable to read ${file}: ${fileError(error)}`);
  }
}

/** A tar tells itself by what is in it; anything else is a Dockerfile without a context. */
export async function fromStdin({ file }: { readonly file: string }): Promise<Input> {
  const { peekArchive } = await import('./stdin.ts');
  const { archive, content } = await peekArchive(createReadStream('', { fd: 0 }));
  if (archive) return { dockerfile: file || 'Dockerfile', content };
  return { dockerfile: 'Dockerfile', content };
}
