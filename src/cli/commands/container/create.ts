import { atLeast, defineCommand } from '../../command.ts';
import { proxyVariables } from '../../config/proxies.ts';
import { createContainer } from './config/create.ts';
import { createFlags } from './config/flags.ts';
import { parsing } from './config/parsing.ts';
import { createRequest } from './config/request.ts';

export const command = defineCommand({
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: atLeast(1),
  completes: ['image', 'file'],
  optionsFirst: true,
  flags: createFlags,
  async run(context, { flags, given, args: [image = '', ...words] }) {
    const request = parsing(() => {
      const proxies = proxyVariables(context.config, context.host);
      return createRequest({ flags, given, image, command: words, env: context.env, proxies });
    });
    const { Id } = await createContainer(context, flags, request);
    context.out.line(Id);
  },
});
