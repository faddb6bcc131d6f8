import { absolutePath } from './check.ts';
import { runtimes, ulimits } from './objects.ts';
import { bytes, choice, list, pairs, text, toggle, whole } from './option.ts';

/** What containers are made and run with. */
export const CONTAINERS = {
  'add-runtime': runtimes({
    live: true,
    key: 'runtimes',
    help: 'Register an additional OCI compatible runtime',
  }),
  'cgroup-parent': text({ help: 'Parent cgroup for all containers' }),
  'default-cgroupns-mode': choice(['host', 'private'], {
    help: 'Default mode for containers cgroup namespace ("host"|"private") (default "private")',
  }),
  'default-ipc-mode': choice(['shareable', 'private'], {
    help: 'Default mode for containers ipc ("shareable"|"private") (default "private")',
  }),
  'default-runtime': text({ live: true, help: 'Default OCI runtime for containers' }),
  'default-shm-size': bytes({ help: 'Default size of /dev/shm for containers (default 64MiB)' }),
  'default-ulimit': ulimits({ key: 'default-ulimits', help: 'Default ulimits for containers' }),
  'exec-opt': list({
    key: 'exec-opts',
    help: 'Runtime execution options: native.cgroupdriver=cgroupfs|systemd',
  }),
  init: toggle({ help: 'Run an init inside of containers that forwards signals and reaps processes' }),
  'init-path': text({ check: absolutePath, help: 'Path of the init binary' }),
  'live-restore': toggle({
    live: true,
    help: 'Keep containers running while the daemon is down (default true)',
  }),
  'log-driver': text({ help: 'Default driver for container logs (default "json-file")' }),
  'log-opt': pairs({ key: 'log-opts', help: 'Default log driver options for containers' }),
  'no-new-privileges': toggle({ help: 'Set no-new-privileges by default for new containers' }),
  'seccomp-profile': text({ help: 'Path of the default seccomp profile, "builtin" or "unconfined"' }),
  'shutdown-timeout': whole({
    live: true,
    minimum: -1,
    help: 'Seconds until the daemon gives up what does not stop when it ends, its own stop timeout at least; -1 for never (default 15)',
  }),
  'userns-remap': text({ help: 'User (and group) whose subordinate ids containers run with, or "default"' }),
} as const;
