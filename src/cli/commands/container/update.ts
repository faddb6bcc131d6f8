import { atLeast, defineCommand } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { list, string } from '../../flags/flag.ts';
import { collectPorts } from '../../flags/ports.ts';
import { parseRestartPolicy } from '../../flags/restart.ts';
import { forEachName } from '../each.ts';
import { resourceFlags } from './config/resource-flags.ts';
import { updatableResources } from './config/resources.ts';

export const command = defineCommand({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  completes: ['container'],
  flags: {
    ...resourceFlags,
    restart: string('When to restart the container after it exits'),
    'publish-add': list(
      'Publish one more port of a container, running or not: [ip:][hostPort:]containerPort',
    ),
    'publish-rm': list('Withdraw a published port by its side of the host: [ip:]hostPort[/protocol]'),
  },
  run(context, { flags, given, args }) {
    if (given.size === 0) throw new Exit(1, 'you must provide one or more flags when using this command');
    const RestartPolicy = given.has('restart') ? parseRestartPolicy(flags.restart) : undefined;
    const PublishAdd = collectPorts(flags['publish-add']).bindings;
    return forEachName(context, args, async (name) => {
      const { Warnings } = await context.client.containers.update(name, {
        ...updatableResources(flags),
        RestartPolicy,
        ...(given.has('publish-add') && { PublishAdd }),
        ...(given.has('publish-rm') && { PublishRemove: flags['publish-rm'] }),
      });
      for (const warning of Warnings ?? []) context.err.line(`WARNING: ${warning}`);
    });
  },
});
