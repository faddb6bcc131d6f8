import type { Assembled, Pushed, RegistryAuth } from '#engine/images';
import type { BuildSession } from '../session.ts';

interface Destination {
  readonly reference: string;
  readonly authOf: (reference: string) => Promise<RegistryAuth | undefined>;
}

/** Brings what was made to its registry, and tells how that goes. */
export async function pushResult(
  { images, signal, onEvent }: BuildSession,
  made: Pick<Assembled, 'target'>,
  { reference, authOf }: Destination,
): Promise<Pushed> {
  const auth = await authOf(reference);
  const onProgress = ({ status: text, id = '', ...rest }: { status: string; id?: string }) =>
    onEvent({ type: 'status', id, text, ...rest });
  return await images.pushBuilt(made, reference, { signal, onProgress, ...(auth && { auth }) });
}
