import { randomBytes } from 'node:crypto';
import { errnoNumber, SystemError } from '../errno.ts';
import { receiveDescriptors, sendDescriptors } from '../ffi/descriptor-passing.ts';
import { close } from '../ffi/descriptors.ts';
import { send } from '../ffi/socket.ts';

/** What was put into a store under one key. */
export interface Stored {
  readonly key: string;
  readonly descriptors: readonly number[];
}

const AGAIN = -errnoNumber('EAGAIN');

/**
 * Descriptors in flight: each entry is a message in the queue of a socket pair whose ends another
 * process holds (`DescriptorHolder`), so the kernel keeps them open when we are gone. A queue can
 * only be read in order; entries are spread over many, so that taking one out passes few others.
 */
export class DescriptorStore {
  readonly #shelves: readonly Shelf[];

  /** `pairs`: both ends of each socket pair, the caller's to close. */
  constructor(pairs: readonly (readonly [number, number])[]) {
    this.#shelves = pairs.map((pair) => new Shelf(pair));
  }

  /** Keeps copies of the descriptors. `key`: at most 256 bytes. @throws SystemError */
  put(key: string, descriptors: readonly number[]): void {
    this.#shelfOf(key).put({ key, descriptors });
  }

  /** Lets go of an entry; a missing one is fine. */
  remove(key: string): void {
    this.#shelfOf(key).remove(key);
  }

  /** Copies of every entry's descriptors, the caller's to close. The entries stay. */
  list(): Stored[] {
    return this.#shelves.flatMap((shelf) => shelf.list());
  }

  #shelfOf(key: string): Shelf {
    let hash = 0;
    for (let index = 0; index < key.length; index++) hash = (hash * 31 + key.charCodeAt(index)) >>> 0;
    const shelf = this.#shelves[hash % this.#shelves.length];
    if (!shelf) throw new Error('a descriptor store needs a socket pair');
    return shelf;
  }
}

/** One queue. */
class Shelf {
  readonly #tail: number;
  readonly #head: number;

  constructor([tail, head]: readonly [number, number]) {
    this.#tail = tail;
    this.#head = head;
  }

  put({ key, descriptors }: Stored): void {
    sendDescriptors(this.#tail, Buffer.from(key), descriptors);
  }

  remove(key: string): void {
    this.#pass((entry) => {
      if (entry.key !== key) this.put(entry);
      for (const fd of entry.descriptors) close(fd);
    });
  }

  list(): Stored[] {
    const entries: Stored[] = [];
    this.#pass((entry) => {
      this.put(entry);
      entries.push(entry);
    });
    return entries;
  }

  /**
   * Once through the queue, one entry at a time: what `visit` puts back comes to lie at its end. If we
   * are killed meanwhile, the one entry that is out is lost, and no other.
   */
  #pass(visit: (entry: Stored) => void): void {
    // Tells the end of the round; a queue that is emptied instead would lose all on a kill.
    const end = Buffer.concat([MARK, randomBytes(8)]);
    send(this.#tail, end, end.length, 0);
    for (;;) {
      const { length, data, descriptors } = receiveDescriptors(this.#head);
      if (length === AGAIN) return;
      if (length < 0) throw new SystemError('recvmsg', ['descriptor store'], -length);
      if (data.equals(end)) return;
      // Another's mark is of a round that was killed, and means nothing.
      if (data[0] !== MARK[0]) visit({ key: data.toString(), descriptors });
    }
  }
}

/** Begins what is no key: a key is text. */
const MARK = Buffer.from([0]);
