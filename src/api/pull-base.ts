import type { BuildOptions, OnBuildEvent } from '#engine/build';
import type { Images, RegistryAuth } from '#engine/images';
import { formatPlatform } from '#oci/image';

/** What gets the base images of a build: with the client's credentials, and telling how far it is. */
export const pullBase =
  (
    images: Images,
    authOf: (reference: string) => RegistryAuth | undefined | Promise<RegistryAuth | undefined>,
    onEvent: OnBuildEvent,
  ): BuildOptions['pullImage'] =>
  async (reference, platform, signal) => {
    const auth = await authOf(reference);
    return await images.pull(reference, {
      signal,
      platform: formatPlatform(platform),
      ...(auth && { auth }),
      onProgress: ({ id = '', status: text, current, total }) =>
        onEvent({
          type: 'status',
          id,
          text,
          ...(current !== undefined && { current }),
          ...(total !== undefined && { total }),
        }),
    });
  };
