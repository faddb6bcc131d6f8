import { canonicalName, familiarRepository, parseReference } from '#oci/reference';
import { defineCommand, exactly } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { bool, string } from '../../flags/flag.ts';
import { pullImage } from './pull-image.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: exactly(1),
  completes: ['image'],
  flags: {
    'all-tags': bool('Download every tag of the repository', { short: 'a' }),
    'disable-content-trust': bool('Skip image verification', { on: true, hidden: true }),
    platform: string('Platform, when the image has several'),
    quiet: bool('No progress', { short: 'q' }),
  },
  async run(context, { flags, args: [name = ''] }) {
    const parsed = parseReference(name);
    if (flags['all-tags'] && (parsed.tag !== undefined || parsed.digest !== undefined)) {
      throw new Exit(1, "tag can't be used with --all-tags/-a");
    }
    const implied = parsed.tag === undefined && parsed.digest === undefined && !flags['all-tags'];
    if (implied && !flags.quiet) context.out.line('Using default tag: latest');
    const reference = await pullImage(context, name, {
      platform: flags.platform,
      quiet: flags.quiet,
      allTags: flags['all-tags'],
      out: context.out,
    });
    context.out.line(flags['all-tags'] ? familiarRepository(reference) : canonicalName(reference));
  },
});
