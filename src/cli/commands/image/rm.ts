import { isKind } from '#lib/errors';
import { atLeast, defineCommand } from '../../command.ts';
import { describe } from '../../errors.ts';
import { bool, commaList } from '../../flags/flag.ts';
import { platformQueries } from './platform.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  completes: ['image'],
  flags: {
    force: bool('Remove it even when containers or other names use it', { short: 'f' }),
    'no-prune': bool('Keep parents that have no name'),
    platform: commaList('Remove only these platforms'),
  },
  async run({ client, out, err }, { flags, args }) {
    const query = {
      force: flags.force,
      noprune: flags['no-prune'],
      platforms: platformQueries(flags.platform),
    };
    let status = 0;
    // One after the other: removing one name may take the image another one names.
    for (const name of args) {
      try {
        for (const { Deleted, Untagged } of await client.images.remove(name, query)) {
          out.line(Deleted ? `Deleted: ${Deleted}` : `Untagged: ${Untagged}`);
        }
      } catch (error) {
        err.line(describe(error));
        if (!flags.force || !isKind(error, 'not-found')) status = 1;
      }
    }
    return status;
  },
});
