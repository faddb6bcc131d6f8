import type { SshAgents } from '#engine/build';
import { SSH } from '#protocol/buildkit';
import { GrpcError } from '../grpc/errors.ts';
import { readBytes, writeBytes } from './bytes.ts';
import type { ClientSession } from './client-session.ts';

/** The client's agents that sign with its keys. */
export function sessionAgents(session: ClientSession, signal: AbortSignal): SshAgents {
  return {
    async has(id) {
      if (!session.offers(SSH.method.checkAgent)) return false;
      try {
        await session.grpc.call(SSH.method.checkAgent, { id }, signal);
        return true;
      } catch (error) {
        if (error instanceof GrpcError) return false;
        throw error;
      }
    },
    async connect(id) {
      const stream = session.grpc.open(SSH.method.forwardAgent, { 'buildkit.ssh.id': id }, signal);
      return { input: readBytes(stream), output: writeBytes(stream) };
    },
  };
}
