import type { ContainerConfig } from './record.ts';

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * `changes` laid over `base`: a variable that is there already is replaced in its place, a new one is
 * appended, and a bare `NAME` takes it away.
 */
export function overlayEnvironment(base: readonly string[], changes: readonly string[]): string[] {
  const variables = new Map<string, string>();
  for (const variable of base) variables.set(nameOf(variable), variable);
  for (const variable of changes) {
    if (variable.includes('=')) variables.set(nameOf(variable), variable);
    else variables.delete(variable);
  }
  return [...variables.values()];
}

const nameOf = (variable: string): string => variable.slice(0, variable.indexOf('='));

/** The environment of a container's process: PATH, HOSTNAME, TERM and HOME unless the configuration has its own. */
export function environment(
  config: Pick<ContainerConfig, 'env' | 'tty'>,
  facts: { readonly hostname: string; readonly home: string; readonly linked?: readonly string[] },
): string[] {
  const base = [DEFAULT_PATH, `HOSTNAME=${facts.hostname}`];
  if (config.tty) base.push('TERM=xterm');
  const full = overlayEnvironment([...base, ...(facts.linked ?? [])], config.env);
  return full.some((variable) => variable.startsWith('HOME=')) ? full : [...full, `HOME=${facts.home}`];
}
