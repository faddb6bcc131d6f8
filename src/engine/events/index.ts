/** What happened to whom: kept for a while, told to whoever listens. */
export type { EngineEvent, EventQuery, EventType } from './event.ts';
export { Events } from './events.ts';
