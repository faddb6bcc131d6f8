import { defineCommand, noArguments } from '../../command.ts';

export const command = defineCommand({
  usage: '',
  args: noArguments,
  flags: {},
  async run({ client, out, err }) {
    const { Form, Converted, Unchanged, InUse, Unfit } = await client.system.migrateSnapshots();
    const kept = Form === 'erofs' ? 'an EROFS image' : 'a directory';
    out.line(`Each layer is to be ${kept}: ${Converted} converted, ${Unchanged} were so before.`);
    if (Unfit > 0) out.line(`${Unfit} cannot be: they stay as they are.`);
    if (InUse > 0) err.line(`${InUse} are in use: stop the containers that run on them, then try again.`);
    return InUse > 0 ? 1 : 0;
  },
});
