import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Channel, QueryValue } from '#client';
import { header, type ProgressMessage } from '#protocol';
import { defineCommand, exactly } from '../../command.ts';
import type { Context } from '../../context.ts';
import { Exit } from '../../errors.ts';
import { bool, type FlagValues, list, string } from '../../flags/flag.ts';
import { size } from '../../flags/size.ts';
import { printProgress } from '../../output/progress.ts';
import { planAgents } from './build/agents.ts';
import { attestations } from './build/attestations.ts';
import { authsOf } from './build/auths.ts';
import { planCaches } from './build/caches.ts';
import { parseCall, printCall } from './build/call.ts';
import { fromDirectory, fromRemote, fromStdin, type Input, isRemote } from './build/input.ts';
import { planNamedContexts } from './build/named-contexts.ts';
import { type Outputs, planOutputs } from './build/outputs.ts';
import { json, pairs } from './build/pairs.ts';
import { readSecrets } from './build/secrets.ts';

export const flags = {
  allow: list('Let steps do more: security.insecure, network.host'),
  attest: list('Attestation of the image: "type=sbom" or "type=provenance,mode=max"'),
  annotation: list('Add an annotation to the image'),
  'add-host': list('Add a custom host-to-IP mapping ("host:ip")'),
  'build-arg': list('Set a build-time variable'),
  'build-context': list('A further context: "name=path", docker-image://, oci-layout://, https:// or git'),
  call: string(
    "Ask about the Dockerfile instead of building it: check, outline or targets; with ',format=json'",
  ),
  check: bool('The same as --call=check'),
  'cache-from': list(
    'Where results of earlier builds lie: an image, "type=registry,ref=…" or "type=local,src=…"',
  ),
  'cache-to': list(
    'Where results go: "type=inline", "type=registry,ref=…" or "type=local,dest=…"; mode=max: all',
  ),
  'cgroup-parent': string("Parent cgroup of the steps' containers"),
  file: string('Name of the Dockerfile (default: "PATH/Dockerfile")', { short: 'f' }),
  iidfile: string("Write the image's ID to a file"),
  label: list('Set a label of the image'),
  load: bool('The same as --output=type=docker: an image of the daemon'),
  memory: size('Memory limit of each step', { short: 'm' }),
  'metadata-file': string('Write what was made to a file, as JSON'),
  network: string('Network of the steps: default, none or host', { initial: 'default' }),
  'no-cache': bool('Do not use the cache'),
  'no-cache-filter': list('Do not use the cache for these stages'),
  output: list(
    'Where the result goes: "type=local,dest=path"; image, registry, docker, oci, tar or cacheonly',
    {
      short: 'o',
    },
  ),
  platform: list('Platform of the image; several make an index: "linux/amd64,linux/arm64"'),
  provenance: string('The same as --attest=type=provenance: true, false, "mode=min" or "mode=max"'),
  pull: bool('Always ask for newer base images'),
  push: bool('The same as --output=type=registry'),
  quiet: bool("Print nothing but the image's ID", { short: 'q' }),
  sbom: string('The same as --attest=type=sbom: true or false'),
  secret: list('Secret for the build: "id=mysecret[,src=/local/file|,env=NAME]"'),
  'shm-size': size('Size of /dev/shm'),
  ssh: list('Agent that steps may ask to sign: "default" or "id=/path/of/socket"'),
  squash: bool('Make one layer of all that is new'),
  tag: list('Name and optionally a tag: "name:tag"', { short: 't' }),
  target: string('Build up to this stage'),
} as const;

type Flags = FlagValues<typeof flags>;

export const command = defineCommand({
  usage: '[OPTIONS] PATH|URL|-',
  details:
    "PATH is a directory: the files that the build may copy. '-' reads a Dockerfile or a tar archive from STDIN.",
  args: exactly(1),
  completes: ['file'],
  flags,
  async run(context, { flags: said, args: [path = ''] }) {
    const { status, id, metadata } = await build(context, said, path);
    if (status !== 0) return status;
    if (said.iidfile !== '') await writeFile(said.iidfile, id);
    if (said['metadata-file'] !== '')
      await writeFile(said['metadata-file'], `${JSON.stringify(metadata, undefined, 2)}\n`);
    return 0;
  },
});

export interface Built {
  readonly status: number;
  /** Of the image, when there is one. */
  readonly id: string;
  readonly metadata: object;
}

/** What a build needs of the command's context. */
export type BuildContext = Pick<Context, 'client' | 'out' | 'err' | 'env' | 'config'> & {
  /** Where an output goes that is for stdout, when `out` is not that itself. */
  readonly stdout?: Context['out'];
};

/** Builds what the flags say, and shows how it goes. @throws Exit, with the exit code of a step that failed */
export async function build(context: BuildContext, said: Flags, path: string): Promise<Built> {
  const outputs = planOutputs(said, { out: context.stdout ?? context.out, err: context.err });
  const named = await planNamedContexts(said['build-context']);
  const caches = await planCaches(said['cache-from'], said['cache-to'], (text) => context.err.line(text));
  const agents = planAgents(said.ssh, context.env);
  const asks = (await context.client.system.ping()).get(header.buildStreams) !== undefined;
  if (!asks && (outputs.wire || said['build-context'].length > 0))
    throw new Exit(1, 'this daemon has no outputs and no further contexts: it is not berthd');
  const input = await inputOf(path, said, asks);
  const call = parseCall(said.check ? said.call || 'check' : said.call);
  const messages = context.client.images.build({
    query: {
      ...queryOf(said, input, context.env, outputs),
      contexts: json(named.wire),
      cacheimports: caches.imports,
      cacheexports: caches.exports,
      ssh: agents.ids,
      allow: said.allow,
      ...(call && { call: call.name }),
    },
    context: input.content,
    auths: await authsOf(context),
    secrets: await readSecrets(said.secret, context.env),
    async serve({ name, paths }, connection) {
      const [, wanted] = /^context (.*)$/s.exec(name) ?? [];
      const [, way, index] = /^cache-(from|to) (\d+)$/.exec(name) ?? [];
      if (way === 'from') await pipe(caches.pack(Number(index), paths), connection);
      else if (way === 'to') await caches.take(Number(index), connection);
      else if (name.startsWith('ssh ')) await agents.serve(name.slice(4), connection);
      else if (wanted === undefined) await outputs.serve(name, connection);
      else if (wanted === '' && input.pack) await pipe(input.pack(paths), connection);
      else await pipe(named.pack(wanted, paths), connection);
    },
  });
  const seen: Seen = { id: '', metadata: {} };
  if (call) return { ...seen, status: await printCall(context.out, call, messages) };
  // The result itself may go to stdout.
  const out = outputs.toStdout ? context.err : context.out;
  await printProgress(out, noting(messages, seen), { quiet: said.quiet });
  if (said.quiet && seen.id !== '') out.line(seen.id);
  return { ...seen, status: 0 };
}

async function inputOf(path: string, said: Flags, asks: boolean): Promise<Input> {
  if (path === '-') return await fromStdin(said);
  return isRemote(path) ? fromRemote(path, said) : await fromDirectory(path, said, asks);
}

/** Writes no faster than it is read, and no more when nobody reads. */
async function pipe(content: AsyncIterable<Uint8Array>, connection: Channel): Promise<void> {
  connection.on('error', () => {});
  for await (const chunk of content) {
    if (connection.destroyed) return;
    if (connection.write(chunk)) continue;
    await Promise.race([once(connection, 'drain'), once(connection, 'close')]);
  }
}

interface Seen {
  id: string;
  metadata: object;
}

/** Remembers what was made; a step that failed ends the command with its exit code. */
async function* noting(
  messages: AsyncIterable<ProgressMessage>,
  seen: Seen,
): AsyncGenerator<ProgressMessage, void> {
  for await (const message of messages) {
    const { aux, errorDetail } = message;
    if (typeof aux === 'object' && aux !== null && 'ID' in aux) {
      seen.id = String(aux.ID);
      if ('Metadata' in aux && typeof aux.Metadata === 'object') seen.metadata = aux.Metadata ?? {};
    }
    if (errorDetail?.code) throw new Exit(errorDetail.code, errorDetail.message);
    yield message;
  }
}

function queryOf(
  said: Flags,
  { dockerfile, query }: Input,
  env: Context['env'],
  { wire }: Outputs,
): Record<string, QueryValue> {
  const epoch = env['SOURCE_DATE_EPOCH'];
  const buildArgs = { ...(epoch && { SOURCE_DATE_EPOCH: epoch }), ...pairs(said['build-arg'], env) };
  return {
    ...query,
    dockerfile,
    t: said.tag,
    buildargs: json(buildArgs),
    outputs: wire && JSON.stringify(wire),
    squash: said.squash,
    labels: json(pairs(said.label, {})),
    target: said.target,
    platform: said.platform.join(','),
    nocache: said['no-cache'],
    nocachefilter: said['no-cache-filter'],
    pull: said.pull,
    attests: json(attestations(said)),
    networkmode: said.network,
    extrahosts: said['add-host'],
    memory: said.memory,
    shmsize: said['shm-size'],
    cgroupparent: said['cgroup-parent'],
    rm: true,
    version: '1',
  };
}
