import type { EngineEvent } from '#engine/events';
import type { Filters } from '#protocol';
import { anyOf, hasAllLabels } from './match.ts';

export const EVENT_FILTERS = [
  'config',
  'container',
  'daemon',
  'event',
  'id',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
] as const;

/** Kinds of objects whose filter names them by id, by name, or by the beginning of either. */
const OBJECTS = ['container', 'config', 'daemon', 'network', 'node', 'plugin', 'secret', 'service', 'volume'];

/** `daemon` is what events of the daemon itself are matched by: its id and its name. */
export function eventFilter(filters: Filters): (event: EngineEvent) => boolean {
  return (event) =>
    anyOf(
      filters,
      'event',
      (wanted) => event.action === wanted || event.action.split(':', 1)[0] === wanted,
    ) &&
    anyOf(filters, 'type', (type) => event.type === type) &&
    anyOf(filters, 'scope', (scope) => scope === 'local') &&
    anyOf(filters, 'id', (id) => event.actor.id.startsWith(id)) &&
    hasAllLabels(filters, event.actor.attributes) &&
    OBJECTS.every((type) => anyOf(filters, type, (wanted) => event.type === type && names(event, wanted))) &&
    anyOf(filters, 'image', (wanted) => isAboutImage(event, wanted));
}

const names = ({ actor }: EngineEvent, wanted: string): boolean =>
  wanted !== '' && (actor.id.startsWith(wanted) || (actor.attributes['name'] ?? '').startsWith(wanted));

/** The image itself, or a container of it; its tag may be left out. */
function isAboutImage({ type, actor }: EngineEvent, wanted: string): boolean {
  const name = type === 'image' ? actor.attributes['name'] : actor.attributes['image'];
  if (type !== 'image' && type !== 'container') return false;
  return [type === 'image' ? actor.id : undefined, name, withoutTag(name)].includes(wanted);
}

const withoutTag = (name: string | undefined) => name?.replace(/:[^/:]+$/, '');
