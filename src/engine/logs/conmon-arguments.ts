import type { LogConfig } from './config.ts';

/**
 * conmon's `-l` arguments for a container's log, and the file that it writes, in the kubelet's
 * format; undefined when the driver keeps none. With journald the file is written as well, so that
 * `logs` reads every driver in the same way.
 */
export function conmonLogArguments(
  config: LogConfig,
  path: string,
): { readonly arguments: readonly string[]; readonly path: string | undefined } {
  if (config.driver === 'none') return { arguments: ['-l', 'none'], path: undefined };
  const file = ['-l', `k8s-file:${path}`];
  if (config.driver !== 'journald') return { arguments: file, path };
  const tag = config.options['tag'];
  return { arguments: ['-l', 'journald', ...file, ...(tag ? ['--log-tag', tag] : [])], path };
}
