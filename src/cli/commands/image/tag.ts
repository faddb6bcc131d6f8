import { familiarRepository, parseReference } from '#oci/reference';
import { defineCommand, exactly } from '../../command.ts';
import { Exit } from '../../errors.ts';

export const command = defineCommand({
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: exactly(2),
  completes: ['image'],
  flags: {},
  async run({ client }, { args: [source = '', target = ''] }) {
    const reference = parseReference(target);
    if (reference.digest !== undefined) throw new Exit(1, 'refusing to create a tag with a digest reference');
    await client.images.tag(source, { repo: familiarRepository(reference), tag: reference.tag ?? 'latest' });
  },
});
