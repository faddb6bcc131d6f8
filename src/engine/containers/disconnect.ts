import { invalid, isKind, notFound } from '#lib/errors';
import { checkChangeable } from './connect.ts';
import { type Context, lockContainer } from './context.ts';
import { hasProcess } from './state.ts';

/**
 * Takes a container off a network: at once when it runs. `force`: even when the network is not there any more.
 * @throws notFound, invalid (host network) (also when it is not on it)
 */
export async function disconnect(
  context: Context,
  reference: string,
  network: string,
  { force = false }: { readonly force?: boolean } = {},
): Promise<void> {
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  checkChangeable(record);
  const found = findNetwork(context, network, force || !hasProcess(record.state));
  const name = found?.name ?? network;
  if (!record.endpoints.some((endpoint) => endpoint.network === name)) {
    throw notFound(`container ${record.id} is not connected to the network ${name}`);
  }
  if (hasProcess(record.state) && found) {
    if (record.hostConfig.networkMode === 'host' && found.driver === 'host') {
      throw invalid(
        'cannot disconnect container from host network - container was created in host network mode',
      );
    }
    await context.options.networks.disconnect(record.id, found.id);
  }
  const now = context.store.get(record.id);
  context.store.save({ ...now, endpoints: now.endpoints.filter((endpoint) => endpoint.network !== name) });
}

function findNetwork({ options }: Context, reference: string, mayBeGone: boolean) {
  try {
    return options.networks.get(reference);
  } catch (error) {
    if (mayBeGone && isKind(error, 'not-found')) return undefined;
    throw error;
  }
}
