import { canonicalName, parseReference } from '#oci/reference';
import type { ImageSearchResult } from '#protocol';
import { defineCommand, exactly } from '../command.ts';
import { credentialsFor } from '../config/credentials.ts';
import { filters } from '../flags/filters.ts';
import { bool, int } from '../flags/flag.ts';
import { listFormat } from '../output/format-flag.ts';
import { type Listing, printList, type Row } from '../output/list.ts';
import { ellipsis } from '../output/text.ts';

const DESCRIPTION_LENGTH = 45;

const listing: Listing = {
  titles: {
    Description: 'DESCRIPTION',
    IsAutomated: 'AUTOMATED',
    IsOfficial: 'OFFICIAL',
    Name: 'NAME',
    StarCount: 'STARS',
  },
  columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
};

export const command = defineCommand({
  usage: '[OPTIONS] TERM',
  args: exactly(1),
  flags: {
    filter: filters('Only what matches (such as "is-official=true", "stars=3")', { short: 'f' }),
    format: listFormat,
    limit: int('At most so many'),
    'no-trunc': bool("Don't shorten anything"),
  },
  async run(context, { flags, args: [term = ''] }) {
    const found = await context.client.images.search(
      { term, limit: flags.limit, filters: flags.filter },
      await credentialsFor(context, registryOf(term)),
    );
    const rows = found.map((result) => rowOf(result, !flags['no-trunc']));
    await printList(context.out, listing, rows, { format: flags.format });
  },
});

/** As with names of images: what has a dot or a port before its first slash. */
function registryOf(term: string): string {
  try {
    return canonicalName(parseReference(term)).split('/', 1)[0] ?? '';
  } catch {
    // A term need not be a name.
    return 'docker.io';
  }
}

function rowOf(result: ImageSearchResult, shorten: boolean): Row {
  const description = result.description.replaceAll('\n', ' ').replaceAll('\r', ' ');
  return {
    Description: shorten ? ellipsis(description, DESCRIPTION_LENGTH) : description,
    IsAutomated: '',
    IsOfficial: result.is_official ? '[OK]' : '',
    Name: result.name,
    StarCount: String(result.star_count),
  };
}
