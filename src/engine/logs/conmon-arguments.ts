import type { LogConfig } from './config.ts';

/**
 * conmon's `-l` arguments for a container's log, and the file that it writes, in the kubelet's format; undefined
 * when the driver keeps none. A driver that delivers elsewhere is fed from that file.
 */
export function conmonLogArguments(
  { driver }: LogConfig,
  path: string,
): { readonly arguments: readonly string[]; readonly path: string | undefined } {
  if (driver === 'none') return { arguments: ['-l', 'none'], path: undefined };
  return { arguments: ['-l', `k8s-file:${path}`], path };
}
