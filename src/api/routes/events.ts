import type { Engine } from '#engine';
import type { EngineEvent } from '#engine/events';
import { invalid } from '#lib/errors';
import { mediaType } from '#protocol';
import { acceptedType } from '../decode/accept.ts';
import { unixTime } from '../decode/time.ts';
import { eventMessage } from '../encode/events.ts';
import { EVENT_FILTERS, eventFilter } from '../filters/events.ts';
import type { Router } from '../router.ts';

/** How the documents may be told apart, for a client to choose. */
const FORMS = [mediaType.ndjson, mediaType.jsonSequence, mediaType.jsonLines] as const;
const RECORD_SEPARATOR = '\u001e';

export function eventRoutes(router: Router, { events }: Engine): void {
  router.get('/events', async (exchange) => {
    const { query, signal } = exchange;
    const since = moment(query.text('since'));
    const until = moment(query.text('until'));
    if (since !== undefined && until !== undefined && since > until) {
      throw invalid(
        `\`since\` time (${query.text('since')}) cannot be after \`until\` time (${query.text('until')})`,
      );
    }
    const passes = eventFilter(query.filters(EVENT_FILTERS));
    // Clients of old take every event of an image for one of its name.
    const known = ({ type, action }: EngineEvent) =>
      exchange.since('1.46') || type !== 'image' || action !== 'create';
    const matches = (event: EngineEvent) => known(event) && passes(event);
    const stream = events.subscribe(
      { matches, ...(since !== undefined && { since }), ...(until !== undefined && { until }) },
      signal,
    );
    const contentType = acceptedType(exchange.header('accept') ?? '', FORMS) ?? mediaType.json;
    const legacy = !exchange.since('1.52');
    const start = contentType === mediaType.jsonSequence ? RECORD_SEPARATOR : '';
    const sink = exchange.stream(contentType);
    for await (const event of stream) {
      await sink.write(Buffer.from(`${start}${eventMessage(event, { legacy })}\n`));
    }
    sink.end();
  });
}

const moment = (text: string): bigint | undefined => (text === '' ? undefined : unixTime(text));
