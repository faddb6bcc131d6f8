import { unavailable, unsupported } from '#lib/errors';
import type { Router } from '../router.ts';

export const NOT_A_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** This engine is alone: what belongs to a swarm answers as a node outside of one does. */
export function swarmRoutes(router: Router): void {
  const refuse = () => {
    throw unavailable(NOT_A_MANAGER);
  };
  for (const noun of ['nodes', 'services', 'tasks', 'secrets', 'configs']) {
    router.get(`/${noun}`, refuse);
    router.get(`/${noun}/{id}`, refuse);
    if (noun === 'tasks') continue;
    router.post(`/${noun}/{id}/update`, refuse);
    router.delete(`/${noun}/{id}`, refuse);
  }
  for (const noun of ['services', 'secrets', 'configs']) router.post(`/${noun}/create`, refuse);
  for (const noun of ['services', 'tasks']) router.get(`/${noun}/{id}/logs`, refuse);
  router.get('/swarm', refuse);
  router.get('/swarm/unlockkey', refuse);
  router.post('/swarm/update', refuse);
  router.post('/swarm/unlock', refuse);
  router.post('/swarm/leave', () => {
    throw unavailable('This node is not part of a swarm');
  });
  for (const verb of ['init', 'join']) {
    router.post(`/swarm/${verb}`, () => {
      throw unsupported('swarm mode is not supported');
    });
  }
}
