import { Router } from '../router.ts';
import type { ApiOptions } from '../server.ts';
import { buildRoutes } from './build.ts';
import { containerRoutes } from './containers/index.ts';
import { distributionRoutes } from './distribution.ts';
import { eventRoutes } from './events.ts';
import { execRoutes } from './exec.ts';
import { imageRoutes } from './images/index.ts';
import { networkRoutes } from './networks.ts';
import { pluginRoutes } from './plugins.ts';
import { swarmRoutes } from './swarm.ts';
import { systemRoutes } from './system.ts';
import { volumeRoutes } from './volumes.ts';

/** Every route there is. */
export function allRoutes(options: ApiOptions): Router {
  const router = new Router();
  const { engine } = options;
  containerRoutes(router, options);
  execRoutes(router, engine);
  imageRoutes(router, engine);
  distributionRoutes(router, engine);
  networkRoutes(router, engine);
  volumeRoutes(router, engine);
  systemRoutes(router, options);
  eventRoutes(router, engine);
  buildRoutes(router, options);
  pluginRoutes(router);
  swarmRoutes(router);
  return router;
}
