import { canonicalName, familiarRepository, parseReference } from '#oci/reference';
import { defineCommand, exactly } from '../../command.ts';
import { credentialsFor } from '../../config/credentials.ts';
import { Exit } from '../../errors.ts';
import { bool, string } from '../../flags/flag.ts';
import { printProgress } from '../../output/progress.ts';
import { platformQuery } from './platform.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NAME[:TAG]',
  args: exactly(1),
  completes: ['image'],
  flags: {
    'all-tags': bool('Upload every tag of the repository', { short: 'a' }),
    'disable-content-trust': bool('Skip image signing', { on: true, hidden: true }),
    platform: string('Upload only this platform'),
    quiet: bool('No progress', { short: 'q' }),
  },
  async run(context, { flags, args: [name = ''] }) {
    const parsed = parseReference(name);
    if (parsed.digest !== undefined) throw new Exit(1, 'cannot push a digest reference');
    if (flags['all-tags'] && parsed.tag !== undefined)
      throw new Exit(1, "tag can't be used with --all-tags/-a");
    const implied = parsed.tag === undefined && !flags['all-tags'];
    const reference = implied ? { ...parsed, tag: 'latest' } : parsed;
    if (implied && !flags.quiet) context.out.line('Using default tag: latest');
    const messages = context.client.images.push(familiarRepository(reference), {
      tag: reference.tag,
      platform: platformQuery(flags.platform),
      auth: await credentialsFor(context, reference.domain),
    });
    await printProgress(context.out, messages, { quiet: flags.quiet });
    if (flags.quiet) context.out.line(canonicalName(reference));
  },
});
