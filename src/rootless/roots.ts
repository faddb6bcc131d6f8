import { homedir } from 'node:os';
import { join } from 'node:path';
import { invalid } from '#lib/errors';

/** Where an ordinary user's engine keeps its things, as the XDG Base Directory Specification has it. */
export interface Roots {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly configFile: string;
}

/** @throws invalid without a directory for what a session's end takes away */
export function rootlessRoots(environment: NodeJS.ProcessEnv = process.env): Roots {
  const runtime = environment['XDG_RUNTIME_DIR'];
  if (!runtime) {
    throw invalid(
      'rootless mode needs XDG_RUNTIME_DIR, a directory of yours that the session makes: log in afresh, or give --exec-root, --data-root and --config-file',
    );
  }
  const home = homedir();
  return {
    dataRoot: join(environment['XDG_DATA_HOME'] || join(home, '.local/share'), 'berth'),
    execRoot: join(runtime, 'berth'),
    configFile: join(environment['XDG_CONFIG_HOME'] || join(home, '.config'), 'berth/daemon.json'),
  };
}
