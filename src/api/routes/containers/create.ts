import type { Engine } from '#engine';
import { isCgroupUnified } from '#engine/system';
import { invalid } from '#lib/errors';
import { type ContainerCreateRequest, containerCreateRequest } from '#protocol';
import { meaningOf } from '../../decode/by-version/create.ts';
import { createRequest } from '../../decode/create.ts';
import type { Router } from '../../router.ts';

export function createRoutes(router: Router, { containers }: Engine): void {
  router.post('/containers/create', async (exchange) => {
    const wire = await exchange.read(containerCreateRequest);
    const meaning = meaningOf(wire, {
      since: (version) => exchange.since(version),
      cgroupUnified: isCgroupUnified(),
    });
    const { query } = exchange;
    const request = createRequest(meaning.wire, {
      name: query.text('name').replace(/^\//, ''),
      platform: exchange.since('1.41') ? query.text('platform') : '',
      readOnlyNonRecursive: meaning.readOnlyNonRecursive,
    });
    if (!saysWhatToRun(wire)) throw invalid('config cannot be empty in order to create a container');
    const { id, warnings } = await containers.create(request, exchange.signal);
    exchange.json({ Id: id, Warnings: [...warnings, ...meaning.warnings] }, 201);
  });
}

/** Some field of the container's own configuration. */
const saysWhatToRun = ({
  HostConfig: _host,
  NetworkingConfig: _network,
  ...config
}: ContainerCreateRequest) => Object.keys(config).length > 0;
