import { conflict, invalid, isKind } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import type { ContainerRecord, EndpointSpec } from './record.ts';
import { hasProcess } from './state.ts';
import { checkEndpoint, joined } from './validate-network.ts';

/**
 * Puts a container on one more network: at once when it runs, else at its next start.
 * @throws notFound, invalid (its mode does not allow it), forbidden (on it already), conflict
 */
export async function connect(context: Context, reference: string, spec: EndpointSpec): Promise<void> {
  const { networks } = context.options;
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  checkChangeable(record);
  const { name, driver } = networks.get(spec.network);
  const endpoint = { ...spec, network: name };
  checkEndpoint(endpoint);
  checkTogether(record, name, driver);
  if (hasProcess(record.state)) {
    try {
      await networks.connect(record.id, endpoint);
    } catch (error) {
      // It has ended in between: then the next start connects it.
      const now = context.store.get(record.id);
      if (!isKind(error, 'conflict') || hasProcess(now.state)) throw error;
    }
  }
  const now = context.store.get(record.id);
  if (now.endpoints.some(({ network }) => network === name)) return;
  context.store.save({ ...now, endpoints: [...now.endpoints, endpoint] });
}

/** @throws conflict */
export function checkChangeable({ id, state }: ContainerRecord): void {
  if (state.status === 'removing' || state.status === 'dead') {
    throw conflict(
      `Container ${id} is marked for removal and cannot be connected or disconnected to the network`,
    );
  }
}

/** Which networks a container can be on at once. @throws invalid */
function checkTogether({ hostConfig, endpoints }: ContainerRecord, name: string, driver: string): void {
  const { networkMode } = hostConfig;
  if (driver === 'host' && networkMode !== 'host') {
    throw invalid(
      'cannot connect container to host network - container must be created in host network mode',
    );
  }
  if (joined(networkMode) !== undefined || (networkMode === 'host' && driver !== 'host')) {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  const others = endpoints.filter(({ network }) => network !== name);
  if (others.some(({ network }) => network === 'none') || (name === 'none' && others.length > 0)) {
    throw invalid(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  }
}
