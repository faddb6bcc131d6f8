import type { Event } from '#client';
import { defineCommand, noArguments } from '../../command.ts';
import { filters } from '../../flags/filters.ts';
import { string } from '../../flags/flag.ts';
import { parseMoment } from '../../flags/time.ts';
import { localRfc3339 } from '../../output/text.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  args: noArguments,
  flags: {
    filter: filters('Only what matches (such as "type=container", "event=die", "container=web")', {
      short: 'f',
    }),
    format: string("'json', or a Go template"),
    since: string('From this time on, or so long ago'),
    until: string('Up to this time, or so long ago'),
  },
  async run({ client, out }, { flags }) {
    const show = await formatter(flags.format);
    const moment = (text: string) => (text === '' ? undefined : parseMoment(text, Date.now()));
    const query = { since: moment(flags.since), until: moment(flags.until), filters: flags.filter };
    for await (const event of await client.events.follow(query)) out.line(show(event));
  },
});

async function formatter(format: string): Promise<(event: Event) => string> {
  if (format === '') return eventLine;
  if (format === 'json')
    return (event) => JSON.stringify(event).replace(/"timeNano":\d+/, `"timeNano":${event.exactTimeNano}`);
  const { compileTemplate } = await import('#lib/template');
  const template = compileTemplate(format);
  // Go's names of these two fields differ from those in JSON.
  return (event) =>
    template({
      ...event,
      Time: event.time,
      TimeNano: event.timeNano,
      Status: event.status ?? '',
      ID: event.id ?? '',
      From: event.from ?? '',
      Scope: event.scope,
    });
}

/** `2026-01-02T03:04:05.000000006+00:00 container start 1a2b... (image=busybox, name=web)` */
function eventLine(event: Event): string {
  const nano = event.exactTimeNano.slice(-9).padStart(9, '0');
  const attributes = Object.entries(event.Actor.Attributes ?? {}).map(([name, value]) => `${name}=${value}`);
  const described = attributes.length > 0 ? ` (${attributes.toSorted().join(', ')})` : '';
  return `${localRfc3339(event.time * 1000, nano)} ${event.Type} ${event.Action} ${event.Actor.ID}${described}`;
}
