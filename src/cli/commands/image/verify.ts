import { shortId } from '#lib/ids';
import { anyArguments, defineCommand } from '../../command.ts';
import { bool } from '../../flags/flag.ts';
import { authsOf } from './build/auths.ts';

export const command = defineCommand({
  usage: '[OPTIONS] [IMAGE...]',
  args: anyArguments,
  completes: ['image'],
  flags: { repair: bool('Mend what is damaged: from the registry that it came from, or from what is here') },
  details: 'Without an image: all of them. Ends with 1 when something is damaged and was not mended.',
  async run(context, { flags, args }) {
    const { client, out } = context;
    const query = { names: args, repair: flags.repair };
    const auths = flags.repair ? await authsOf(context) : {};
    const { Checked, Unchecked, Damages } = await client.images.verify(query, auths);
    for (const { Digest, Kind, Problem, Images, Repaired, Remark } of Damages) {
      const outcome = Remark === '' ? '' : `: ${Repaired ? 'repaired, ' : ''}${Remark}`;
      out.line(`${Kind} ${shortId(Digest)} of ${Images.join(', ')} is ${Problem}${outcome}`);
    }
    const left = Damages.filter(({ Repaired }) => !Repaired).length;
    out.line(`${Checked} verified, ${Damages.length} damaged, ${Damages.length - left} repaired`);
    if (Unchecked > 0) out.line(`${Unchecked} layers are directories, which cannot be verified`);
    if (left > 0 && !flags.repair) out.line('Use --repair to mend them');
    return left > 0 ? 1 : 0;
  },
});
