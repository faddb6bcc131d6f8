import type { Engine } from '#engine';
import { type DistributionInspect, header } from '#protocol';
import { registryAuth } from '../decode/registry-auth.ts';
import type { Router } from '../router.ts';

export function distributionRoutes(router: Router, { images }: Engine): void {
  router.get('/distribution/{name...}/json', async (exchange) => {
    const auth = registryAuth(exchange.header(header.registryAuth));
    const { digest, mediaType, size, platforms } = await images.inspectRemote(
      exchange.param('name'),
      auth,
      exchange.signal,
    );
    const answer: DistributionInspect = { Descriptor: { mediaType, digest, size }, Platforms: platforms };
    exchange.json(answer);
  });
}
