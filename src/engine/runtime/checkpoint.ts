import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { unsupported } from '#lib/errors';
import { removeTree } from '#linux/files';
import { findProgram, run } from '#linux/process';
import { isCrun, type RuntimeBinary } from './binary.ts';
import { readText } from './bundle.ts';
import { ENVIRONMENT, runVerb } from './command.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { RuntimeError } from './failure.ts';

export interface CheckpointOptions {
  /** CRIU's images go here; it exists and is empty. */
  readonly images: string;
  /** Else the processes end once they are written down. */
  readonly leaveRunning: boolean;
}

/**
 * Writes a container's processes down, by CRIU. The processes go on when it fails.
 * @throws unsupported, RuntimeError with CRIU's reason
 */
export async function checkpointContainer(
  context: RuntimeContext,
  container: Container,
  { images, leaveRunning }: CheckpointOptions,
): Promise<void> {
  const { runtime } = container.settings;
  await requireCheckpoints(context, runtime);
  const work = criuDirectory(container.bundle.path);
  mkdirSync(work, { recursive: true, mode: 0o700 });
  const flags = ['--image-path', images, '--work-path', work, ...(leaveRunning ? ['--leave-running'] : [])];
  try {
    await runVerb(context, runtime, ['checkpoint', ...flags, container.id]);
  } catch (error) {
    const reason = criuReason(join(work, 'dump.log'));
    if (reason === undefined || !(error instanceof RuntimeError)) throw error;
    throw new RuntimeError(`${error.message}: ${reason}`, 'other', { cause: error });
  } finally {
    removeTree(work);
  }
}

/** Where CRIU works and leaves its logs; at a restore conmon has it work in the bundle itself. */
const criuDirectory = (bundle: string): string => join(bundle, 'criu');

/** The first error that CRIU logged: what follows is what came of it. `(00.01) Error (criu/x.c:1): why` */
export function criuReason(log: string): string | undefined {
  const [, reason] = /^\([\d.]+\)\s*(?:\d+: )?Error \([^)]*\): (.*)$/m.exec(readText(log) ?? '') ?? [];
  return reason;
}

/**
 * Whether containers of this runtime can be written down and restored on this host.
 * @throws unsupported that says what is missing
 */
export async function requireCheckpoints(context: RuntimeContext, runtime: RuntimeBinary): Promise<void> {
  if (isCrun(runtime) && !(await isBuiltWithCriu(context, runtime))) {
    throw unsupported(
      `checkpoints are not supported by this build of the runtime ${runtime.name}: create the container with --runtime runc`,
    );
  }
  if (findProgram('criu') === undefined) {
    throw unsupported('checkpoints need CRIU, which is not installed: apt-get install criu');
  }
}

async function isBuiltWithCriu(context: RuntimeContext, runtime: RuntimeBinary): Promise<boolean> {
  const { stdout } = await run(context.spawner, {
    path: runtime.path,
    argv: [runtime.name, '--version'],
    env: ENVIRONMENT,
  });
  return /\+CRIU\b/.test(stdout.toString());
}
