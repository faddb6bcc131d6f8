import { messageOf } from '#lib/errors';
import { familiarRepository, parseReference, type Reference } from '#oci/reference';
import { defineCommand, exactly } from '../../command.ts';
import { Exit } from '../../errors.ts';

export const command = defineCommand({
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: exactly(2),
  completes: ['image'],
  flags: {},
  async run({ client }, { args: [source = '', target = ''] }) {
    const reference = parseTarget(target);
    if (reference.digest !== undefined) throw new Exit(1, 'refusing to create a tag with a digest reference');
    await client.images.tag(source, { repo: familiarRepository(reference), tag: reference.tag ?? 'latest' });
  },
});

function parseTarget(name: string): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    throw new Exit(
      1,
      `Error parsing reference: ${JSON.stringify(name)} is not a valid repository/tag: ${messageOf(error)}`,
    );
  }
}
