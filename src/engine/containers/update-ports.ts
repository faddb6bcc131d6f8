import {
  type PortBinding,
  type PortSelection,
  type PublishedPort,
  withoutPorts,
  withoutSelected,
} from '#engine/ports';
import { conflict, invalid } from '#lib/errors';
import type { Context } from './context.ts';
import type { ContainerRecord } from './record.ts';

/** Ports to publish and to withdraw. */
export interface PortUpdate {
  readonly add: readonly PortBinding[];
  readonly remove: readonly PortSelection[];
}

/**
 * Changes what a container publishes: of a running one at once, without touching its processes, and for all its
 * starts to come. All or nothing. Returns the record as it is stored then.
 * @throws invalid, conflict (no such port, no network of its own), system (port in use)
 */
export async function updatePorts(
  context: Context,
  record: ContainerRecord,
  update: PortUpdate,
): Promise<ContainerRecord> {
  checkMode(record);
  const expanded = update.remove.length > 0 ? withExplicitPorts(record) : record;
  // A container that is being started or stopped has its lock taken: it runs or does not.
  if (!context.options.networks.sandbox(record.id)) {
    return context.store.save(afterwards(expanded, update, remaining(expanded, update)));
  }
  try {
    await context.options.networks.changePorts(record.id, update, ({ removed }) =>
      context.store.save(
        afterwards(expanded, update, withoutPorts(expanded.hostConfig.portBindings, removed)),
      ),
    );
  } catch (error) {
    // Memory follows the database: what was to be written with the networks' part did not stand.
    context.store.remember(record);
    throw error;
  }
  return context.store.get(record.id);
}

function checkMode({ config, hostConfig }: ContainerRecord): void {
  const { networkMode } = hostConfig;
  if (networkMode.startsWith('container:')) {
    throw invalid('conflicting options: port publishing and the container type network mode');
  }
  if (networkMode === 'host' || networkMode === 'none' || config.networkDisabled) {
    throw invalid(`conflicting options: port publishing and the network mode ${networkMode}`);
  }
}

/** Of a container that does not run. */
function remaining({ name, hostConfig }: ContainerRecord, { remove }: PortUpdate): PortBinding[] {
  const { portBindings } = hostConfig;
  for (const selection of remove) {
    if (withoutSelected(portBindings, [selection]).length === portBindings.length) {
      throw conflict(`container ${name} does not publish ${selection.hostPort}/${selection.protocol}`);
    }
  }
  return withoutSelected(portBindings, remove);
}

/** `--publish-all` as the bindings that it stands for, so that one of them can be taken away. */
function withExplicitPorts(record: ContainerRecord): ContainerRecord {
  const { config, hostConfig } = record;
  if (!hostConfig.publishAllPorts) return record;
  const bound = new Set(
    hostConfig.portBindings.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`),
  );
  const rest = config.exposedPorts.filter((port) => !bound.has(port)).map(anyPort);
  return {
    ...record,
    hostConfig: {
      ...hostConfig,
      publishAllPorts: false,
      portBindings: [...hostConfig.portBindings, ...rest],
    },
  };
}

function anyPort(exposed: string): PortBinding {
  const [number, protocol] = exposed.split('/', 2);
  return {
    containerPort: Number(number),
    protocol:
      protocol === 'udp' || protocol === 'sctp' ? protocol : ('tcp' satisfies PublishedPort['protocol']),
    hostIp: '',
    hostPort: 0,
  };
}

function afterwards(
  record: ContainerRecord,
  { add }: PortUpdate,
  left: readonly PortBinding[],
): ContainerRecord {
  const { config, hostConfig } = record;
  const exposed = add.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  return {
    ...record,
    config: { ...config, exposedPorts: [...new Set([...config.exposedPorts, ...exposed])] },
    hostConfig: { ...hostConfig, portBindings: [...left, ...add] },
  };
}
