import { run } from '#linux/process';
import { isCrun, type RuntimeBinary } from './binary.ts';
import type { RuntimeContext } from './context.ts';
import { verbError } from './failure.ts';

/** What the runtimes and conmon are started with: nothing of ours leaks into hooks. */
export const ENVIRONMENT: readonly string[] = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
];

/** The arguments that come before the verb. */
export function globalArguments(
  context: RuntimeContext,
  binary: RuntimeBinary,
  logFile?: string,
): readonly string[] {
  return [
    ...binary.args,
    '--root',
    context.paths.states,
    ...(context.systemdCgroup ? ['--systemd-cgroup'] : []),
    ...(context.withoutCgroups && isCrun(binary) ? ['--cgroup-manager=disabled'] : []),
    // crun repeats its log on the container's stderr when the command cannot be executed: people read that.
    ...(logFile ? [`--log-format=${isCrun(binary) ? 'text' : 'json'}`, '--log', logFile] : []),
  ];
}

/** The same, as conmon wants them for the runtime that it starts. */
export const runtimeArguments = (
  context: RuntimeContext,
  binary: RuntimeBinary,
  logFile: string,
): readonly string[] =>
  globalArguments(context, binary, logFile).flatMap((argument) => ['--runtime-arg', argument]);

/** `{ '-c': 'x' }` -> `-c x` */
export const flags = (values: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(values).flat();

/** Runs a verb of the runtime to its end. @throws RuntimeError */
export async function runVerb(
  context: RuntimeContext,
  binary: RuntimeBinary,
  verb: readonly [name: string, ...arguments_: string[]],
): Promise<void> {
  const result = await run(context.spawner, {
    path: context.sealed.path(binary),
    argv: [binary.name, ...globalArguments(context, binary), ...verb],
    env: ENVIRONMENT,
    limit: 64 * 1024,
  });
  if (result.code !== 0) throw verbError(verb[0], binary.name, result.stderr.toString());
}
