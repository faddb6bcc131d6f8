import type { EngineEvent } from '#engine/events';

const LEGACY_TYPES = new Set(['container', 'image']);

/**
 * One message of the event stream, as text. The nanoseconds are written digit by digit: they are
 * beyond what a number holds.
 */
export function eventMessage(event: EngineEvent, options: { readonly legacy: boolean }): string {
  const { type, action, actor, time } = event;
  const legacy = options.legacy && LEGACY_TYPES.has(type);
  const from = type === 'container' ? actor.attributes['image'] : undefined;
  const message = {
    ...(legacy && { status: action, id: actor.id, ...(from && { from }) }),
    Type: type,
    Action: action,
    Actor: { ID: actor.id, Attributes: actor.attributes },
    scope: 'local',
    time: Number(time / 1_000_000_000n),
  };
  return `${JSON.stringify(message).slice(0, -1)},"timeNano":${time}}`;
}
