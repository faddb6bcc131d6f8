import type { HostConfig } from '#protocol';
import { parseContainerPort } from '../ports.ts';
import type { Since } from './since.ts';

/** A port without bindings stood for one on any host port until 1.52, and for none since. @throws invalid */
export function portBindings(
  { PortBindings }: HostConfig,
  warnings: string[],
  since: Since,
): Pick<HostConfig, 'PortBindings'> {
  if (!PortBindings) return {};
  for (const port of Object.keys(PortBindings)) parseContainerPort(port);
  const empty = Object.entries(PortBindings).filter(([, bindings]) => bindings.length === 0);
  if (since('1.53')) {
    const bound = Object.entries(PortBindings).filter(([, bindings]) => bindings.length > 0);
    return { PortBindings: Object.fromEntries(bound) };
  }
  if (since('1.52') && empty.length > 0) {
    warnings.push(
      `Following container port(s) have an empty list of port-bindings: ${empty.map(([port]) => port).join(', ')}. Starting with API 1.53, such bindings will be discarded.`,
    );
  }
  const filled = Object.entries(PortBindings).map(
    ([port, bindings]) => [port, bindings.length > 0 ? bindings : [{}]] as const,
  );
  return { PortBindings: Object.fromEntries(filled) };
}
