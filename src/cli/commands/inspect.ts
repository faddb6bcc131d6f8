import { isKind } from '#lib/errors';
import { atLeast, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { Exit } from '../errors.ts';
import { bool, string } from '../flags/flag.ts';
import { objectFormat } from '../output/format-flag.ts';
import { inspectEach } from './inspect-each.ts';

type Inspect = (name: string) => Promise<unknown>;

const TYPES = ['container', 'image', 'network', 'volume'] as const;

export const command = defineCommand({
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  args: atLeast(1),
  completes: ['any'],
  flags: {
    format: objectFormat,
    size: bool('Show the sizes of the files of containers', { short: 's' }),
    type: string('Only look at objects of this type', { choices: TYPES }),
  },
  run(context, { flags, given, args }) {
    const inspectors = inspectorsOf(context, flags.size);
    const wanted = TYPES.find((type) => type === flags.type);
    if (given.has('type') && !wanted) {
      throw new Exit(
        1,
        flags.type === ''
          ? 'type is empty: must be one of "container", "image", "network", "volume"'
          : `unknown type: ${JSON.stringify(flags.type)}: must be one of "container", "image", "network", "volume"`,
      );
    }
    const tried = wanted ? [inspectors[wanted]] : TYPES.map((type) => inspectors[type]);
    const missing = wanted ? undefined : (name: string) => `Error: No such object: ${name}`;
    return inspectEach(context, args, flags.format, (name) => firstFound(tried, name), missing);
  },
});

const inspectorsOf = (
  { client }: Context,
  size: boolean,
): Readonly<Record<(typeof TYPES)[number], Inspect>> => ({
  container: (name) => client.containers.inspect(name, { size }),
  image: (name) => client.images.inspect(name),
  network: (name) => client.networks.inspect(name),
  volume: (name) => client.volumes.inspect(name),
});

/** A name may be anybody's: containers come first, as in Docker. */
async function firstFound(inspectors: readonly Inspect[], name: string): Promise<unknown> {
  let missing: unknown;
  for (const inspect of inspectors) {
    try {
      return await inspect(name);
    } catch (error) {
      // A name that no image can have is simply not an image's.
      if (!isKind(error, 'not-found') && !isKind(error, 'invalid')) throw error;
      missing ??= error;
    }
  }
  throw missing;
}
