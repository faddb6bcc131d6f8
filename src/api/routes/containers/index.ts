import type { Router } from '../../router.ts';
import type { ApiOptions } from '../../server.ts';
import { archiveRoutes } from './archive.ts';
import { attachRoutes } from './attach.ts';
import { checkpointRoutes } from './checkpoints.ts';
import { commitRoutes } from './commit.ts';
import { createRoutes } from './create.ts';
import { filesystemRoutes } from './filesystem.ts';
import { inspectRoutes } from './inspect.ts';
import { lifecycleRoutes } from './lifecycle.ts';
import { listRoutes } from './list.ts';
import { logRoutes } from './logs.ts';
import { pruneRoutes } from './prune.ts';
import { statsRoutes } from './stats.ts';
import { updateRoutes } from './update.ts';
import { waitRoutes } from './wait.ts';
import { workingRoutes } from './working.ts';

export function containerRoutes(router: Router, options: ApiOptions): void {
  const { engine } = options;
  createRoutes(router, engine);
  listRoutes(router, engine);
  inspectRoutes(router, engine);
  lifecycleRoutes(router, options);
  checkpointRoutes(router, options);
  updateRoutes(router, engine);
  waitRoutes(router, engine);
  attachRoutes(router, engine);
  logRoutes(router, engine);
  statsRoutes(router, engine);
  archiveRoutes(router, engine);
  filesystemRoutes(router, engine);
  commitRoutes(router, engine);
  pruneRoutes(router, engine);
  workingRoutes(router, engine);
}
