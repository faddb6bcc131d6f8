import { cancelled } from '#lib/errors';
import type { TarTree } from '../files/tar-tree.ts';
import type { NamedContext } from '../plan/options.ts';
import type { BuildSession } from '../session.ts';
import type { Step } from '../step.ts';
import { fetchRemote, type RemoteSession } from './fetch-remote.ts';
import type { AskedFiles, BuildContext, NamedInput } from './input.ts';
import { LateTree } from './late-tree.ts';
import { neededPaths } from './needed-paths.ts';
import { receiveTar } from './receive.ts';

export interface ContextsOptions {
  readonly context: BuildContext;
  readonly namedContexts: ReadonlyMap<string, NamedInput>;
  readonly buildArgs: ReadonlyMap<string, string>;
}

export type ContextsSession = RemoteSession & Pick<BuildSession, 'images' | 'work'>;

/** The contexts of one build: their files come as late and as few as can be. */
export class Contexts {
  /** Where the Dockerfile is looked for, and the list of exceptions. */
  readonly described: TarTree;
  /** The Dockerfile, when it is all that came. */
  readonly dockerfileContent: string | undefined;
  readonly main = new LateTree();
  readonly named: ReadonlyMap<string, NamedContext>;
  readonly #session: ContextsSession;
  readonly #asked: ReadonlyMap<LateTree, AskedFiles>;

  private constructor(
    session: ContextsSession,
    described: { readonly tree: TarTree; readonly dockerfile: string | undefined },
    asked: AskedFiles | undefined,
    named: { readonly contexts: Map<string, NamedContext>; readonly asked: Map<LateTree, AskedFiles> },
  ) {
    this.#session = session;
    this.described = described.tree;
    this.dockerfileContent = described.dockerfile;
    this.named = named.contexts;
    this.#asked = asked ? new Map([...named.asked, [this.main, asked]]) : named.asked;
  }

  /** @throws notFound, unavailable, invalid */
  static async open(session: ContextsSession, options: ContextsOptions): Promise<Contexts> {
    const { context } = options;
    const keepGitDir = /^(?:1|true)$/.test(options.buildArgs.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '');
    const fetch = (url: string) => fetchRemote(session, url, keepGitDir);
    const received = async (content: AsyncIterable<Uint8Array>) => ({
      tree: await receiveTar(session, content),
      dockerfile: undefined,
    });
    const described =
      context.kind === 'remote'
        ? await fetch(context.url)
        : await received(context.kind === 'asked' ? context.described : context.content);
    const asked = context.kind === 'asked' ? context : undefined;
    return new Contexts(session, described, asked, await openNamed(session, options, fetch));
  }

  /** Gets the files that the steps to these targets need. `ignores`: what the list of exceptions leaves out. */
  async fill(targets: readonly Step[], ignores: (path: string) => boolean): Promise<void> {
    if (!this.#asked.has(this.main)) this.main.fill(this.described.without(ignores));
    for (const [tree, files] of this.#asked) {
      const paths = neededPaths(targets, tree);
      if (paths.length === 0) continue;
      if (this.#session.signal.aborted) throw cancelled('the build was cancelled');
      const received = await receiveTar(this.#session, await files.open(paths[0] === '' ? [] : paths));
      tree.fill(tree === this.main ? received.without(ignores) : received);
    }
  }
}

async function openNamed(
  session: ContextsSession,
  { namedContexts }: ContextsOptions,
  fetch: (url: string) => Promise<{ readonly tree: TarTree }>,
) {
  const contexts = new Map<string, NamedContext>();
  const asked = new Map<LateTree, AskedFiles>();
  for (const [name, input] of namedContexts) {
    switch (input.kind) {
      case 'image':
        contexts.set(name, input);
        break;
      case 'layout': {
        const { images, work, signal } = session;
        const held = await images.openLayout(work, await input.open([]), input.reference, signal);
        contexts.set(name, { kind: 'held', ...held });
        break;
      }
      case 'remote': {
        const tree = new LateTree();
        tree.fill((await fetch(input.url)).tree);
        contexts.set(name, { kind: 'tree', tree });
        break;
      }
      case 'asked': {
        const tree = new LateTree();
        contexts.set(name, { kind: 'tree', tree });
        asked.set(tree, input);
        break;
      }
    }
  }
  return { contexts, asked };
}
