import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { anyArguments, defineCommand } from '../../command.ts';
import { Exit } from '../../errors.ts';

const PROGRAM = 'bin/berth-registry';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: {},
  args: anyArguments,
  passesOn: true,
  async run(_context, { args }) {
    const program = findProgram();
    const { execve } = process;
    // It stays the same process: signals reach it, and no second one waits beside it.
    if (execve) execve.call(process, program, [program, ...args], process.env);
    const { spawnSync } = await import('node:child_process');
    return spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
  },
});

/** The server is a program of its own beside this one: the CLI does not carry it. */
function findProgram(): string {
  for (const own of [process.argv[1] ?? '', process.execPath]) {
    if (!existsSync(own)) continue;
    for (let at = dirname(realpathSync(own)); at !== dirname(at); at = dirname(at)) {
      const program = join(at, PROGRAM);
      if (existsSync(program)) return program;
    }
  }
  throw new Exit(1, `berth: ${PROGRAM} is not part of this installation`);
}
