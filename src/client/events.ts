import type { EventMessage, Filters } from '#protocol';
import type { Api } from './api.ts';
import { jsonLines } from './json-lines.ts';

/** An event, and its time in nanoseconds to the last digit, which a number cannot hold. */
export type Event = EventMessage & { readonly exactTimeNano: string };

export interface EventQuery {
  /** Seconds since the epoch, with a fraction: `1700000000.000000001`. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly filters?: Filters;
}

/** What happens in the daemon. */
export class Events {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Resolves once the daemon listens, so that nothing done afterwards is missed; the events go on until `until`,
   * an abort or the daemon's end.
   * @throws ResponseError, ConnectionError
   */
  async follow(query: EventQuery = {}, signal?: AbortSignal): Promise<AsyncIterable<Event>> {
    const { body } = await this.#api.send({ method: 'GET', path: '/events', query: { ...query } }, signal);
    return jsonLines(body, parseEvent);
  }
}

function parseEvent(line: string): Event {
  const event = JSON.parse(line) as EventMessage;
  const exact = /"timeNano":(\d+)/.exec(line)?.[1] ?? String(event.timeNano);
  return Object.defineProperty(event, 'exactTimeNano', { value: exact, enumerable: false }) as Event;
}
