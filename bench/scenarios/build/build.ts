import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { time } from '../../command.ts';
import type { EngineContender } from '../../contender.ts';

/** A directory with a Dockerfile and what it copies, that goes after use. */
export interface BuildContext extends Disposable {
  readonly path: string;
  write(files: Readonly<Record<string, string>>): void;
}

export function openContext(files: Readonly<Record<string, string>>): BuildContext {
  const directory = mkdtempDisposableSync('/var/tmp/bench-context-');
  const write = (more: Readonly<Record<string, string>>): void => {
    for (const [name, content] of Object.entries(more)) writeFileSync(join(directory.path, name), content);
  };
  write(files);
  return { path: directory.path, write, [Symbol.dispose]: () => directory.remove() };
}

/** Milliseconds of a whole command. */
export const timeBuild = (
  { command, buildFlags }: EngineContender,
  context: string,
  signal: AbortSignal,
  ...flags: readonly string[]
): Promise<number> =>
  time([...command, 'build', ...buildFlags, ...flags, '-t', 'bench-built', context], signal);

/** Text that no cache knows yet. */
export const fresh = (): string => `${process.pid}-${performance.now()}`;

export const lines = (...parts: readonly string[]): string => `${parts.join('\n')}\n`;
