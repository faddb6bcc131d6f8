import type { ExecRecord } from '#engine/containers';
import type { ExecInspect } from '#protocol';

export function execInspect({ id, containerId, config, ...exec }: ExecRecord): ExecInspect {
  const [entrypoint = '', ...rest] = config.cmd;
  return {
    ID: id,
    Running: exec.running,
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: config.tty,
      entrypoint,
      arguments: rest,
      privileged: config.privileged,
      ...(config.user && { user: config.user }),
    },
    OpenStdin: config.attachStdin,
    OpenStderr: config.attachStderr,
    OpenStdout: config.attachStdout,
    CanRemove: exec.canRemove,
    ContainerID: containerId,
    DetachKeys: config.detachKeys ?? '',
    Pid: exec.pid,
  };
}
