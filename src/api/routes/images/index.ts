import type { Engine } from '#engine';
import type { Router } from '../../router.ts';
import { archiveRoutes } from './archive.ts';
import { inspectRoutes } from './inspect.ts';
import { listRoutes } from './list.ts';
import { pullRoutes } from './pull.ts';
import { pushRoutes } from './push.ts';
import { removeRoutes } from './remove.ts';
import { searchRoutes } from './search.ts';

export function imageRoutes(router: Router, engine: Engine): void {
  listRoutes(router, engine);
  searchRoutes(router, engine);
  archiveRoutes(router, engine);
  pullRoutes(router, engine);
  pushRoutes(router, engine);
  removeRoutes(router, engine);
  inspectRoutes(router, engine);
}
