import { createHash } from 'node:crypto';
import type { RunStep } from '../step.ts';

/** A digest of anything that JSON can say; the order of fields is part of it. */
export const keyOf = (...parts: readonly unknown[]): string =>
  `sha256:${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;

/** What of a RUN decides its result, beside the file systems it sees. Contents of secrets and caches do not. */
export function definitionOf(step: RunStep): unknown {
  const { command, script, env, volatileEnv, user, workingDir, network, privileged, platform, mounts } = step;
  const lasting = env.filter((entry) => !volatileEnv.has(entry.split('=', 1)[0] ?? ''));
  const shapes = mounts.map((mount) => ({ ...mount, content: undefined }));
  return ['run', command, script, lasting, user, workingDir, network, privileged, platform, shapes];
}
