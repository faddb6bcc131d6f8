import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { QueryValue } from '#client';
import type { ProgressMessage } from '#protocol';
import { defineCommand, exactly } from '../../command.ts';
import { credentialsFor } from '../../config/credentials.ts';
import type { Context } from '../../context.ts';
import { Exit, fileError } from '../../errors.ts';
import { bool, type FlagValues, list, string } from '../../flags/flag.ts';
import { size } from '../../flags/size.ts';
import { printProgress } from '../../output/progress.ts';
import { parseCall, printCall } from './build/call.ts';

const flags = {
  'add-host': list('Add a custom host-to-IP mapping ("host:ip")'),
  'build-arg': list('Set a build-time variable'),
  call: string(
    "Ask about the Dockerfile instead of building it: check, outline or targets; with ',format=json'",
  ),
  check: bool('The same as --call=check'),
  'cgroup-parent': string("Parent cgroup of the steps' containers"),
  file: string('Name of the Dockerfile (default: "PATH/Dockerfile")', { short: 'f' }),
  iidfile: string("Write the image's ID to a file"),
  label: list('Set a label of the image'),
  memory: size('Memory limit of each step', { short: 'm' }),
  network: string('Network of the steps: default, none or host', { initial: 'default' }),
  'no-cache': bool('Do not use the cache'),
  platform: string('Platform of the image'),
  pull: bool('Always ask for newer base images'),
  quiet: bool("Print nothing but the image's ID", { short: 'q' }),
  secret: list('Secret for the build: "id=mysecret[,src=/local/file|,env=NAME]"'),
  'shm-size': size('Size of /dev/shm'),
  tag: list('Name and optionally a tag: "name:tag"', { short: 't' }),
  target: string('Build up to this stage'),
} as const;

type Flags = FlagValues<typeof flags>;

export const command = defineCommand({
  usage: '[OPTIONS] PATH|-',
  details:
    "PATH is a directory: the files that the build may copy. '-' reads a Dockerfile or a tar archive from STDIN.",
  args: exactly(1),
  completes: ['file'],
  flags,
  async run(context, { flags: said, args: [path = ''] }) {
    const input = path === '-' ? await fromStdin(said) : await fromDirectory(path, said);
    const call = parseCall(said.check ? said.call || 'check' : said.call);
    const messages = context.client.images.build({
      query: { ...queryOf(said, input.dockerfile, context.env), ...(call && { call: call.name }) },
      context: input.content,
      auths: await authsOf(context),
      secrets: await readSecrets(said.secret, context.env),
    });
    if (call) return await printCall(context.out, call, messages);
    const seen = { id: '' };
    await printProgress(context.out, noting(messages, seen), { quiet: said.quiet });
    if (said.quiet) context.out.line(seen.id);
    if (said.iidfile !== '') await writeFile(said.iidfile, seen.id);
    return 0;
  },
});

/** Remembers the image's ID; a step that failed ends the command with its exit code. */
async function* noting(
  messages: AsyncIterable<ProgressMessage>,
  seen: { id: string },
): AsyncGenerator<ProgressMessage, void> {
  for await (const message of messages) {
    const { aux, errorDetail } = message;
    if (typeof aux === 'object' && aux !== null && 'ID' in aux) seen.id = String(aux.ID);
    if (errorDetail?.code) throw new Exit(errorDetail.code, errorDetail.message);
    yield message;
  }
}

interface Input {
  readonly dockerfile: string;
  readonly content: AsyncIterable<Uint8Array>;
}

async function fromDirectory(path: string, { file }: Flags): Promise<Input> {
  const root = resolve(path);
  const found = await stat(root).catch((error: unknown) => {
    throw new Exit(1, `unable to prepare context: path "${path}": ${fileError(error)}`);
  });
  if (!found.isDirectory()) throw new Exit(1, `unable to prepare context: "${path}" is not a directory`);
  const { packContext } = await import('./build/context.ts');
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
async function fromStdin({ file }: Flags): Promise<Input> {
  const { peekArchive } = await import('./build/stdin.ts');
  const { archive, content } = await peekArchive(createReadStream('', { fd: 0 }));
  if (archive) return { dockerfile: file || 'Dockerfile', content };
  return { dockerfile: 'Dockerfile', content };
}

function queryOf(said: Flags, dockerfile: string, env: Context['env']): Record<string, QueryValue> {
  return {
    dockerfile,
    t: said.tag,
    buildargs: json(pairs(said['build-arg'], env)),
    labels: json(pairs(said.label, {})),
    target: said.target,
    platform: said.platform,
    nocache: said['no-cache'],
    pull: said.pull,
    networkmode: said.network,
    extrahosts: said['add-host'],
    memory: said.memory,
    shmsize: said['shm-size'],
    cgroupparent: said['cgroup-parent'],
    rm: true,
    version: '1',
  };
}

const json = (value: Readonly<Record<string, string>>): string | undefined =>
  Object.keys(value).length > 0 ? JSON.stringify(value) : undefined;

/** `name=value`; a name alone has the value that it has here, or none. */
function pairs(texts: readonly string[], env: Context['env']): Record<string, string> {
  const result: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals >= 0) result[text.slice(0, equals)] = text.slice(equals + 1);
    else if (env[text] !== undefined) result[text] = env[text];
  }
  return result;
}

/** Of every registry that the user is logged in to. */
async function authsOf(context: Context): Promise<Record<string, object>> {
  const registries = [
    ...Object.keys(context.config.auths ?? {}),
    ...Object.keys(context.config.credHelpers ?? {}),
  ];
  const auths: Record<string, object> = {};
  for (const registry of new Set(registries)) {
    const found = await credentialsFor(
      context,
      registry.replace(/^https?:\/\//, '').split('/', 1)[0] ?? registry,
    );
    if (found) auths[registry] = found;
  }
  return auths;
}

async function readSecrets(texts: readonly string[], env: Context['env']): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {};
  for (const text of texts) {
    const fields = new Map(text.split(',').map((field) => field.split('=', 2) as [string, string]));
    const id = fields.get('id');
    const variable = fields.get('env');
    const source = fields.get('src') ?? fields.get('source');
    if (!id) throw new Exit(1, `invalid secret "${text}": it needs an id`);
    if (variable !== undefined || (source === undefined && env[id] !== undefined)) {
      const value = env[variable ?? id];
      if (value === undefined) throw new Exit(1, `secret ${id}: the variable ${variable} is not set`);
      secrets[id] = Buffer.from(value).toString('base64');
    } else secrets[id] = (await secretFile(id, source ?? id)).toString('base64');
  }
  return secrets;
}

async function secretFile(id: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Exit(1, `secret ${id}: cannot read ${path}: ${fileError(error)}`);
  }
}
