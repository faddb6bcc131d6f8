import type { Engine } from '#engine';
import { invalid } from '#lib/errors';
import { mediaType } from '#protocol';
import { unixTime } from '../decode/time.ts';
import { eventMessage } from '../encode/events.ts';
import type { Exchange } from '../exchange.ts';
import { EVENT_FILTERS, eventFilter } from '../filters/events.ts';
import type { Router } from '../router.ts';

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
    const matches = eventFilter(query.filters(EVENT_FILTERS));
    const stream = events.subscribe(
      { matches, ...(since !== undefined && { since }), ...(until !== undefined && { until }) },
      signal,
    );
    const contentType = acceptedType(exchange);
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

/** Since 1.52 the client chooses how the documents are told apart. */
function acceptedType(exchange: Exchange): string {
  const accept = exchange.since('1.52') ? (exchange.header('accept') ?? '') : '';
  const offered = [mediaType.jsonLines, mediaType.ndjson, mediaType.jsonSequence];
  return offered.find((type) => accept.includes(type)) ?? mediaType.json;
}
