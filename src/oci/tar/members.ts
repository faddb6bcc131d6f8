import type { TarEntry } from './entry.ts';
import { TarReader } from './reader.ts';

/** One member and its stored bytes. */
export interface TarMember {
  readonly entry: TarEntry;
  /** Read it, all or in part, before asking for the next member. */
  readonly body: AsyncIterable<Buffer>;
}

type Event = { readonly entry: TarEntry } | { readonly chunk: Buffer } | 'end';

/**
 * The members of an uncompressed tar as they come, for whoever can wait. What is not read of a body is
 * skipped. @throws invalid
 */
export async function* readMembers(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember, void> {
  const events = parse(source);
  for await (const event of events) {
    // Leftovers of the last member's body.
    if (event === 'end' || 'chunk' in event) continue;
    yield { entry: event.entry, body: bodyOf(events) };
  }
}

/** Until the member's end. Never closes the archive: more members follow. */
async function* bodyOf(events: AsyncGenerator<Event, void>): AsyncGenerator<Buffer, void> {
  for (let next = await events.next(); !next.done; next = await events.next()) {
    const event = next.value;
    if (event === 'end' || !('chunk' in event)) return;
    yield event.chunk;
  }
}

async function* parse(source: AsyncIterable<Uint8Array>): AsyncGenerator<Event, void> {
  let events: Event[] = [];
  const reader = new TarReader({
    entry: (entry) => events.push({ entry }),
    body: (chunk) => events.push({ chunk }),
    end: () => events.push('end'),
  });
  for await (const piece of source) {
    reader.push(piece);
    const ready = events;
    events = [];
    yield* ready;
  }
  reader.close();
}
