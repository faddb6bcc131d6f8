import { connect } from 'node:net';
import type { Channel } from '#client';
import type { Context } from '../../../context.ts';
import { Exit, fileError } from '../../../errors.ts';
import { splitPair } from '../../../flags/flag.ts';

/** `--ssh`: agents of the user that steps may ask to sign. */
export interface Agents {
  readonly ids: readonly string[];
  /** Lets one conversation go on until either side ends it. */
  serve(id: string, connection: Channel): Promise<void>;
}

/** `default`, `id=/path/of/socket`. @throws Exit */
export function planAgents(texts: readonly string[], env: Context['env']): Agents {
  const sockets = new Map<string, string>();
  for (const text of texts) {
    const [id, path] = splitPair(text);
    const socket = path || env['SSH_AUTH_SOCK'];
    if (!socket) throw new Exit(1, `invalid --ssh ${text}: no agent runs: SSH_AUTH_SOCK is not set`);
    sockets.set(id, socket);
  }
  return {
    ids: [...sockets.keys()],
    async serve(id, connection) {
      const agent = connect({ path: sockets.get(id) ?? '', allowHalfOpen: true });
      try {
        await new Promise<void>((resolve, reject) => {
          agent.once('error', (error) =>
            reject(
              new Exit(
                1,
                `cannot reach the ssh agent ${id}: ${fileError(error)}: it must be an agent's socket`,
              ),
            ),
          );
          agent.once('close', () => resolve());
          connection.once('close', () => resolve()).on('error', () => resolve());
          connection.pipe(agent);
          agent.pipe(connection);
        });
      } finally {
        agent.destroy();
      }
    },
  };
}
