import type { PlacedEntry } from '../files/place.ts';
import type { Selection, SelectRequest } from '../files/select.ts';

/** Where a COPY or ADD takes files from, open for as long as it does. */
export interface CopySource extends AsyncDisposable {
  /** @throws notFound naming a source that matches nothing */
  select(request: SelectRequest): Selection | Promise<Selection>;
  /** Files that were selected as members of a layer, without its end mark. */
  pack(entries: readonly PlacedEntry[]): AsyncIterable<Uint8Array>;
  /** One file's content. */
  read(path: string): AsyncIterable<Uint8Array>;
}
