import { atMost, defineCommand } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { collectLabels } from '../../flags/environment.ts';
import { list, map, string } from '../../flags/flag.ts';

const CLUSTER_ONLY = [
  'availability',
  'group',
  'limit-bytes',
  'required-bytes',
  'scope',
  'secret',
  'sharing',
  'topology-preferred',
  'topology-required',
  'type',
] as const;

export const command = defineCommand({
  usage: '[OPTIONS] [VOLUME]',
  args: atMost(1),
  flags: {
    driver: string('Volume driver', { short: 'd', initial: 'local', shownDefault: '"local"' }),
    label: list('Set a label'),
    name: string('Volume name', { hidden: true }),
    opt: map('Option of the driver', { short: 'o' }),
    ...Object.fromEntries(
      CLUSTER_ONLY.map((name) => [name, list('For cluster volumes only', { hidden: true })]),
    ),
  },
  async run({ client, out, env }, { flags, given, args: [name = flags.name] }) {
    const cluster = CLUSTER_ONLY.find((option) => given.has(option));
    if (cluster)
      throw new Exit(1, `berth volume create: --${cluster} is for cluster volumes, which are not supported`);
    if (flags.name !== '' && name !== flags.name)
      throw new Exit(
        1,
        'conflicting options: cannot specify a volume name through both --name and as a positional arg',
      );
    const volume = await client.volumes.create({
      Name: name || undefined,
      Driver: flags.driver,
      DriverOpts: flags.opt,
      Labels: collectLabels([], flags.label, env),
    });
    out.line(volume.Name);
  },
});
