import { atMost, defineCommand } from '../command.ts';
import { helperFor, registryHost, registryKey } from '../config/credentials.ts';
import { updateConfigFile } from '../config/write.ts';

export const command = defineCommand({
  usage: '[SERVER]',
  args: atMost(1),
  flags: {},
  async run(context, { args: [server = 'docker.io'] }) {
    const config = context.config;
    const host = registryHost(server);
    const key = registryKey(host);
    const helper = helperFor(config, host);
    if (!helper && !config.auths?.[key]) {
      context.out.line(`Not logged in to ${key}`);
      return;
    }
    context.out.line(`Removing login credentials for ${key}`);
    if (helper) {
      const { eraseCredentials } = await import('../config/credential-helper.ts');
      await eraseCredentials(helper, key);
    }
    await updateConfigFile(context.configDirectory, (document) => {
      const { [key]: _, ...others } = document.auths ?? {};
      document.auths = others;
    });
  },
});
