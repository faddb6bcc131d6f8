import { createHash } from 'node:crypto';
import type { BuiltLayer } from '#engine/images';
import { messageOf } from '#lib/errors';
import { formatPlatform, type Platform } from '#oci/image';
import { readMembers, type TarEntry } from '#oci/tar';
import type { Filesystem } from '../cache.ts';
import type { Plan } from '../plan/plan.ts';
import type { BuildSession } from '../session.ts';
import type { Step } from '../step.ts';
import { type PastImage, plainLine } from './past-image.ts';

type Session = Pick<BuildSession, 'images' | 'work' | 'signal' | 'onEvent'>;

interface Candidate {
  readonly image: PastImage;
  /** Up to the step. */
  readonly layers: PastImage['layers'];
  readonly created: string;
}

/** A step's place in the history of the image that it belongs to. */
interface Place {
  readonly platform: Platform;
  /** The lines up to it, itself last. */
  readonly lines: readonly string[];
}

/**
 * Results that lie in images whose history says the same as the Dockerfile, line by line, on the same base: what the
 * classic builder of Docker calls cache-from. Copied files count by what they are, not by when they were written.
 */
export class PastImages {
  readonly #session: Session;
  readonly #open: (platform: Platform) => Promise<readonly PastImage[]>;
  readonly #places = new Map<Step, Place>();
  readonly #opened = new Map<string, Promise<readonly PastImage[]>>();

  constructor(session: Session, open: (platform: Platform) => Promise<readonly PastImage[]>) {
    this.#session = session;
    this.#open = open;
  }

  /** What is planned: before it is known nothing is found. */
  learn({ stages }: Plan): void {
    for (const { history, platform } of stages) {
      const lines = history.map(({ entry }) => plainLine(entry.created_by ?? ''));
      for (const [index, { step }] of history.entries())
        if (step) this.#places.set(step, { platform, lines: lines.slice(0, index + 1) });
    }
  }

  /** What a command on this base resulted in. */
  async find(step: Step, base: Filesystem): Promise<Filesystem | undefined> {
    if (step.kind !== 'run') return undefined;
    for (const candidate of await this.#candidates(step, base)) {
      const layers = await this.#bring(candidate);
      if (layers) return { layers, created: candidate.created };
    }
    return undefined;
  }

  /** A layer of the past with the same files as the one that was just made of them. */
  async same(step: Step, base: Filesystem, made: Filesystem): Promise<Filesystem | undefined> {
    const top = made.layers.at(-1);
    if (step.kind !== 'copy' || !top || made.layers.length !== base.layers.length + 1) return undefined;
    for (const candidate of await this.#candidates(step, base)) {
      if (candidate.layers.length !== made.layers.length) continue;
      const layers = await this.#bring(candidate);
      const past = layers?.at(-1);
      if (layers && past && (await this.#filesOf(past)) === (await this.#filesOf(top)))
        return { layers, created: candidate.created };
    }
    return undefined;
  }

  async #bring({ image, layers }: Candidate): Promise<BuiltLayer[] | undefined> {
    const { images, work, signal, onEvent } = this.#session;
    try {
      return await images.bringLayers(work, layers, image.content, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const text = `a layer of an earlier image could not be fetched: ${messageOf(error)}`;
      onEvent({ type: 'status', id: 'cache', text });
      return undefined;
    }
  }

  async #candidates(step: Step, base: Filesystem): Promise<Candidate[]> {
    const place = this.#places.get(step);
    if (!place) return [];
    const past = await this.#of(place.platform);
    return past.flatMap((image) => {
      const line = image.lines[place.lines.length - 1];
      if (!line || !place.lines.every((text, index) => text === image.lines[index]?.text)) return [];
      const below = base.layers.every(({ diffId }, index) => diffId === image.layers[index]?.diffId);
      const added = line.layers - base.layers.length;
      if (!below || added < 0 || added > 1 || line.layers > image.layers.length) return [];
      return [{ image, layers: image.layers.slice(0, line.layers), created: line.created }];
    });
  }

  #of(platform: Platform): Promise<readonly PastImage[]> {
    const key = formatPlatform(platform);
    const opened = this.#opened.get(key) ?? this.#open(platform);
    this.#opened.set(key, opened);
    return opened;
  }

  /** A digest of what is in a layer, times aside. */
  async #filesOf(layer: BuiltLayer): Promise<string> {
    const { images, signal } = this.#session;
    const members: string[] = [];
    for await (const { entry, body } of readMembers(images.readLayer(layer, signal))) {
      const hash = createHash('sha256');
      for await (const chunk of body) hash.update(chunk);
      members.push(JSON.stringify([...factsOf(entry), hash.digest('hex')]));
    }
    return members.sort().join('\n');
  }
}

const factsOf = ({ path, type, mode, uid, gid, fileSize, link, major, minor }: TarEntry) => [
  path.replace(/^\.?\//, '').replace(/\/$/, ''),
  type,
  mode,
  uid,
  gid,
  type === 'file' ? fileSize : 0,
  link,
  major,
  minor,
];
