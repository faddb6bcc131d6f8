import { Readable } from 'node:stream';
import { readIgnoreFile } from '#dockerfile';
import type { BuildContext, BuildOptions, NamedInput } from '#engine/build';
import { invalid } from '#lib/errors';
import { TAR_END } from '#oci/tar';
import { Upload } from '#protocol/buildkit';
import type { SessionContext } from '../../decode/frontend.ts';
import type { BuildTrace } from '../build-trace.ts';
import { readBytes } from './bytes.ts';
import type { ClientSession } from './client-session.ts';
import { readFiles, readTar } from './files.ts';
import { readLayout } from './layout.ts';

export interface ContextsRequest {
  /** Its path where it is looked for. */
  readonly dockerfile: string;
  /** Where the client has the Dockerfile, when that is not in the context. */
  readonly dockerfileDirectory: string | undefined;
  readonly context: SessionContext | { readonly kind: 'archive'; readonly content: Readable };
  readonly named: ReadonlyMap<string, SessionContext>;
}

type Contexts = Pick<BuildOptions, 'context' | 'namedContexts' | 'dockerfileContent' | 'ignoreContent'>;

/** What a build reads of its client: the Dockerfile at once, files when it is known which are needed. */
export async function sessionContexts(
  session: ClientSession,
  request: ContextsRequest,
  trace: BuildTrace,
  signal: AbortSignal,
): Promise<Contexts> {
  const reader = new Reader(session, trace, signal);
  const described = await reader.dockerfile(request);
  const namedContexts = new Map<string, NamedInput>();
  for (const [name, context] of request.named) namedContexts.set(name, await reader.named(name, context));
  const { context } = request;
  if (context.kind === 'archive') return { ...described, namedContexts, context };
  return { ...described, namedContexts, ...(await reader.main(context, described.ignoreContent)) };
}

class Reader {
  readonly #session: ClientSession;
  readonly #trace: BuildTrace;
  readonly #signal: AbortSignal;

  constructor(session: ClientSession, trace: BuildTrace, signal: AbortSignal) {
    this.#session = session;
    this.#trace = trace;
    this.#signal = signal;
  }

  /** With the list of exceptions that belongs to it alone, when there is one. @throws invalid */
  async dockerfile({
    dockerfile,
    dockerfileDirectory: directory,
  }: ContextsRequest): Promise<Pick<Contexts, 'dockerfileContent' | 'ignoreContent'>> {
    if (directory === undefined) return {};
    const own = `${dockerfile}.dockerignore`;
    const files = await this.#trace.work(`[internal] load build definition from ${dockerfile}`, () =>
      readFiles(this.#session, directory, [dockerfile, own], this.#signal),
    );
    const [dockerfileContent, ignoreContent] = [files.get(dockerfile), files.get(own)];
    if (dockerfileContent === undefined)
      throw invalid(`failed to read dockerfile: open ${dockerfile}: no such file or directory`);
    return { dockerfileContent, ...(ignoreContent !== undefined && { ignoreContent }) };
  }

  async main(
    context: SessionContext,
    own: string | undefined,
  ): Promise<{ readonly context: BuildContext; readonly ignoreContent?: string }> {
    switch (context.kind) {
      case 'remote':
        return { context };
      case 'upload':
        return { context: { kind: 'archive', content: this.#upload(context.path) } };
      case 'directory': {
        const { directory } = context;
        const ignoreContent = own ?? (await this.#ignore(directory, '[internal] load .dockerignore'));
        const described = Readable.from([TAR_END]);
        return {
          ignoreContent,
          context: { kind: 'asked', described, ...this.#asked(directory, ignoreContent) },
        };
      }
      default:
        throw invalid(`the context of a build cannot be an image: name it, and copy from that name`);
    }
  }

  /** Each has exceptions of its own. */
  async named(name: string, context: SessionContext): Promise<NamedInput> {
    switch (context.kind) {
      case 'remote':
      case 'image':
        return context;
      case 'layout': {
        const { store, digest } = context;
        const open = async () => readLayout(this.#session, store, digest, this.#signal);
        return { kind: 'layout', reference: digest, open };
      }
      case 'directory': {
        const title = `[context ${name}] load .dockerignore`;
        return {
          kind: 'asked',
          ...this.#asked(context.directory, await this.#ignore(context.directory, title)),
        };
      }
      case 'upload':
        throw invalid(`context ${name}: only the main context can be an archive that is sent`);
    }
  }

  #asked(directory: string, ignoreContent: string) {
    const excludes = readIgnoreFile(ignoreContent);
    return {
      open: async (paths: readonly string[]) =>
        readTar(this.#session, { directory, excludes, paths }, this.#signal),
    };
  }

  #ignore(directory: string, title: string): Promise<string> {
    return this.#trace.work(title, async () => {
      const files = await readFiles(this.#session, directory, ['.dockerignore'], this.#signal);
      return files.get('.dockerignore') ?? '';
    });
  }

  #upload(path: string): Readable {
    this.#session.expect(Upload.method.pull, 'an archive as the context');
    const stream = this.#session.grpc.open(Upload.method.pull, { urlpath: `/${path}` }, this.#signal);
    return readBytes(stream);
  }
}
