import { mediaType } from '#protocol';
import { bodyOf } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { JsonLines } from './json-lines.ts';

/** Says what has just been removed. */
export type OnRemoved = (id: string, status?: 'deleted' | 'untagged') => void;

/**
 * Answers with a prune's report; since 1.56, for a client that wants to watch, with a line for each object as it
 * goes and the report in the last one.
 */
export async function answerPrune(
  exchange: Exchange,
  prune: (onRemoved: OnRemoved) => Promise<unknown>,
): Promise<void> {
  if (!exchange.since('1.56') || !exchange.query.flag('stream')) {
    exchange.json(await prune(() => {}));
    return;
  }
  const lines = new JsonLines(() => exchange.stream(mediaType.jsonLines), '\n');
  try {
    // Lines that nobody reads are dropped with the connection: there is nothing to wait for.
    const report = await prune((id, status = 'deleted') => void lines.write({ id, status }));
    await lines.write({ aux: report });
  } catch (error) {
    if (!lines.begun) throw error;
    await lines.write({ errorDetail: bodyOf(error) });
  }
  lines.end();
}
