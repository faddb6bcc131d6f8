import type { Engine } from '#engine';
import type { Attributes, LogEntry, ReadOptions } from '#engine/logs';
import { invalid, messageOf } from '#lib/errors';
import { formatTime } from '#lib/time';
import { encodeFrame, frameHeader } from '#protocol';
import { unixTime } from '../../decode/time.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import { streamType } from './attach.ts';

export function logRoutes(router: Router, { containers }: Engine): void {
  router.get('/containers/{id}/logs', async (exchange) => {
    const options = readOptions(exchange);
    const { tty, details, entries, opened } = containers.logs(exchange.param('id'), options, exchange.signal);
    const iterator = entries[Symbol.asyncIterator]();
    // What cannot be read at all deserves a status: the first entry is fetched before the headers leave,
    // but for a follower, who may wait for it for long, and may remove the container once it has the headers.
    const first = iterator.next();
    await (options.follow ? Promise.race([opened, first]) : first);
    const sink = exchange.stream(streamType(exchange, !tty));
    const prefix = linePrefix(exchange, details);
    try {
      for (let next = await first; !next.done; next = await iterator.next()) {
        const { stream, line } = next.value;
        const text = prefix(next.value);
        const length = (text?.length ?? 0) + line.length;
        const pieces = text ? [text, line] : [line];
        await sink.write(...(tty ? pieces : [frameHeader(stream, length), ...pieces]));
      }
    } catch (error) {
      if (exchange.signal.aborted) return;
      const message = Buffer.from(`Error grabbing logs: ${messageOf(error)}\n`);
      await sink.write(tty ? message : encodeFrame('systemerr', message));
    } finally {
      await iterator.return?.();
    }
    sink.end();
  });
}

function readOptions({ query }: Exchange): ReadOptions {
  const stdout = query.flag('stdout');
  const stderr = query.flag('stderr');
  if (!stdout && !stderr) throw invalid('Bad parameters: you must choose at least one stream');
  const since = moment(query.text('since'));
  const until = moment(query.text('until'));
  const tail = lineCount(query.text('tail'));
  return {
    stdout,
    stderr,
    follow: query.flag('follow'),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(tail !== undefined && { tail }),
  };
}

/** Clients write "not given" as 0. */
const moment = (text: string): bigint | undefined =>
  text === '' || text === '0' ? undefined : unixTime(text);

/** A number of lines; `all`, nonsense and negative numbers mean all of them, as they do for Docker. */
const lineCount = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

function linePrefix({ query }: Exchange, details: Attributes): (entry: LogEntry) => Buffer | undefined {
  const timestamps = query.flag('timestamps');
  const prefix = query.flag('details') ? `${encodeDetails(details)} ` : '';
  if (!timestamps && prefix === '') return () => undefined;
  return ({ time }) => Buffer.from(`${timestamps ? `${formatTime(time)} ` : ''}${prefix}`);
}

/** `a=b,c=d`, by name, encoded as in a URL's query. */
const encodeDetails = (details: Attributes): string =>
  Object.entries(details)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.map(queryEscape).join('='))
    .join(',');

/** Go's. */
const queryEscape = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
