import { mkdir } from 'node:fs/promises';
import type { Channel } from '#client';
import type { Context } from '../../../context.ts';
import { Exit } from '../../../errors.ts';
import { csvPairs } from '../../../flags/csv.ts';
import { splitPair } from '../../../flags/flag.ts';
import { writeArchive } from '../../archive-file.ts';
import { unpackTree } from '../../container/cp/unpack.ts';

interface Wanted {
  readonly output?: readonly string[];
  readonly annotation: readonly string[];
  readonly push: boolean;
  readonly load: boolean;
  readonly tag: readonly string[];
}

interface WireOutput {
  readonly Type: string;
  readonly Attrs: Readonly<Record<string, string>>;
}

export interface Outputs {
  /** Undefined: the daemon's default, an image. */
  readonly wire: readonly WireOutput[] | undefined;
  readonly toStdout: boolean;
  /** Takes the output whose turn has come: `output 0`. */
  serve(name: string, connection: Channel): Promise<void>;
}

/** Types whose result comes here. */
const FILES = ['tar', 'oci', 'docker'];

/** `--output`, `--push`, `--load`, `--annotation`. @throws Exit */
export function planOutputs(
  { output: texts = [], annotation, push, load, tag }: Wanted,
  context: Pick<Context, 'out' | 'err'>,
): Outputs {
  const said = texts.map(parseOutput);
  if (push && tag.length === 0 && !said.some(({ Attrs }) => Attrs['name'] !== undefined))
    throw new Exit(1, 'tag is needed when pushing to registry');
  const annotations = Object.fromEntries(annotation.map(annotationOf));
  const asked = [...said];
  if (push) {
    const image = asked.findIndex(({ Type }) => Type === 'image');
    const found = asked[image];
    if (found) asked[image] = { ...found, Attrs: { ...found.Attrs, push: 'true' } };
    else asked.push({ Type: 'registry', Attrs: {} });
  }
  if (load && !asked.some(({ Type, Attrs }) => Type === 'docker' && Attrs['dest'] === undefined))
    asked.push({ Type: 'docker', Attrs: {} });
  if (asked.length === 0 && annotation.length > 0) asked.push({ Type: 'image', Attrs: {} });
  const outputs = asked.map(({ Type, Attrs }) => ({
    Type,
    Attrs: Type === 'tar' || Type === 'local' ? Attrs : { ...annotations, ...Attrs },
  }));
  const toStdout = outputs.filter(({ Attrs }) => Attrs['dest'] === '-').length;
  if (toStdout > 1) throw new Exit(1, 'only one output can go to STDOUT');
  return {
    wire: outputs.length > 0 ? outputs : undefined,
    toStdout: toStdout > 0,
    async serve(name, connection) {
      const found = outputs[Number(name.replace(/^output /, ''))];
      if (!found) throw new Exit(1, `the daemon asked for something unknown: ${name}`);
      await take(found, connection, context);
    },
  };
}

/** Whether what `--output` says goes to stdout. @throws Exit */
export const goesToStdout = (text: string): boolean => parseOutput(text).Attrs['dest'] === '-';

/** `type=oci,dest=image.tar`; a path alone is a directory, `-` a tar on stdout. */
function parseOutput(text: string): WireOutput {
  if (text === '-') return { Type: 'tar', Attrs: { dest: '-' } };
  if (!text.includes('=')) return { Type: 'local', Attrs: { dest: text } };
  const fields = csvPairs(text);
  const { type: Type = '', ...Attrs } = fields;
  if (Type === '') throw new Exit(1, `invalid output "${text}": type is required`);
  if (Type === 'local' && !Attrs['dest']) throw new Exit(1, 'dest is required for output type=local');
  if (Type === 'local' && Attrs['dest'] === '-')
    throw new Exit(1, 'dest cannot be STDOUT for output type=local');
  // As for `tar` nothing else can be meant.
  if ((Type === 'tar' || Type === 'oci') && !Attrs['dest']) return { Type, Attrs: { ...Attrs, dest: '-' } };
  return { Type, Attrs };
}

/** `key=value`, `manifest:key=value`. */
function annotationOf(text: string): [string, string] {
  const [, kind = 'manifest', pair = ''] = /^(?:([a-z-]+):)?(.*)$/s.exec(text) ?? [];
  const [key, value] = splitPair(pair);
  if (key === '' || !pair.includes('='))
    throw new Exit(1, `invalid annotation "${text}": expected key=value`);
  return [kind === 'manifest' ? `annotation.${key}` : `annotation-${kind}.${key}`, value];
}

async function take(
  { Type, Attrs }: WireOutput,
  connection: Channel,
  context: Pick<Context, 'out' | 'err'>,
): Promise<void> {
  const dest = Attrs['dest'] ?? '';
  if (FILES.includes(Type) && Attrs['tar'] !== 'false')
    return await writeArchive(context, dest === '-' ? '' : dest, async () => connection);
  await mkdir(dest, { recursive: true });
  await unpackTree(
    connection,
    { directory: dest, name: '' },
    { fromRoot: true, keepOwner: false, warn: (message) => context.err.line(message) },
  );
}
