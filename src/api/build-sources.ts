import type { Readable } from 'node:stream';
import type { BuildContext, NamedInput } from '#engine/build';
import type { BuildRequest } from './decode/build.ts';

/** Gets files of a client's context, '' the main one; no paths: all of them. */
export type OpenContext = (name: string, paths: readonly string[]) => Promise<Readable>;

/** The builder's contexts for what a client said; `body`: what came with the request. */
export function contextsFor(
  { named, remote, asked }: Pick<BuildRequest, 'named' | 'remote' | 'asked'>,
  body: Readable,
  open: OpenContext,
): { readonly context: BuildContext; readonly namedContexts: ReadonlyMap<string, NamedInput> } {
  const namedContexts = new Map<string, NamedInput>();
  for (const [name, context] of named) {
    if (context.kind === 'image' || context.kind === 'remote') namedContexts.set(name, context);
    else namedContexts.set(name, { ...context, open: (paths) => open(name, paths) });
  }
  return { context: mainContext(remote, asked, body, open), namedContexts };
}

function mainContext(
  remote: string | undefined,
  asked: boolean,
  body: Readable,
  open: OpenContext,
): BuildContext {
  if (remote !== undefined) return { kind: 'remote', url: remote };
  if (asked) return { kind: 'asked', described: body, open: (paths) => open('', paths) };
  return { kind: 'archive', content: body };
}
