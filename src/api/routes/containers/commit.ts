import type { Engine } from '#engine';
import { containerConfig } from '#protocol';
import { configChanges } from '../../decode/create.ts';
import type { Router } from '../../router.ts';

export function commitRoutes(router: Router, { containers }: Engine): void {
  router.post('/commit', async (exchange) => {
    const { query } = exchange;
    const config = configChanges(await exchange.read(containerConfig));
    const repository = query.text('repo');
    const tag = query.text('tag');
    const id = await containers.commit(query.text('container'), {
      ...(repository && { repository }),
      ...(tag && { tag }),
      author: query.text('author'),
      comment: query.text('comment'),
      squash: query.flag('squash'),
      pause: query.flag('pause', true),
      changes: query
        .all('changes')
        .flatMap((text) => text.split('\n'))
        .filter(Boolean),
      ...(Object.keys(config).length > 0 && { config }),
    });
    exchange.json({ Id: id }, 201);
  });
}
