import { defineCommand, exactly } from '../../command.ts';
import { bool } from '../../flags/flag.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: exactly(2),
  completes: ['network', 'container'],
  flags: { force: bool('Even when the container is in no state for it', { short: 'f' }) },
  async run({ client }, { flags, args: [network = '', container = ''] }) {
    await client.networks.disconnect(network, { Container: container, Force: flags.force });
  },
});
