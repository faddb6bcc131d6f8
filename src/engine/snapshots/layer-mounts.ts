import { basename, join } from 'node:path';
import { messageOf, systemError } from '#lib/errors';
import { type ImageBacking, isMountPoint, listMounts, mountErofs, unmountNow } from '#linux/mount';

/** How long an image stays mounted that nobody uses: the next container of its kind finds it there, and in the page cache. */
const IDLE_MS = 60_000;

/** One image, used by so many. */
interface MountedImage {
  readonly target: string;
  uses: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Images of layers, each mounted beside its file once, however many use it: a second mount would have a page cache
 * of its own. Overlays keep what is below them, so that nothing is lost if a mount goes; it would only be mounted anew.
 */
export class LayerMounts implements Disposable {
  /** Where an image's file is in a layer's directory, and where it is mounted. */
  static readonly image = 'image';
  static readonly target = 'diff';
  readonly #backing: ImageBacking;
  /** By the layer's directory. */
  readonly #mounted = new Map<string, MountedImage>();

  /** `root`: the directory of all layers; what is found mounted below was so for the process before. */
  constructor(root: string, backing: ImageBacking) {
    this.#backing = backing;
    const targets = new Set(listMounts().map(({ mountPoint }) => mountPoint));
    for (const target of targets) {
      if (target.startsWith(`${root}/`)) this.#adopt(target);
    }
  }

  /** Mounts the image of the layer in `place`, until the result is disposed and some time after. @throws SystemError */
  acquire(place: string): Disposable {
    const image = this.#mounted.get(place) ?? this.#mount(place);
    clearTimeout(image.idle);
    image.uses++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        image.uses--;
        if (image.uses === 0 && this.#mounted.get(place) === image) this.#rest(place, image);
      },
    };
  }

  /** The directory goes elsewhere, with its mount: that is the caller's now. */
  forget(place: string): void {
    clearTimeout(this.#mounted.get(place)?.idle);
    this.#mounted.delete(place);
  }

  /** Takes off what nobody uses. The rest stays: containers run on it. */
  [Symbol.dispose](): void {
    for (const [place, image] of this.#mounted) {
      clearTimeout(image.idle);
      if (image.uses === 0) this.#unmount(place, image);
    }
  }

  #mount(place: string): MountedImage {
    const target = join(place, LayerMounts.target);
    if (!isMountPoint(target)) this.#mountOn(target, place);
    const image: MountedImage = { target, uses: 0, idle: undefined };
    this.#mounted.set(place, image);
    return image;
  }

  #mountOn(target: string, place: string): void {
    try {
      mountErofs(join(place, LayerMounts.image), target, this.#backing);
    } catch (error) {
      throw systemError(
        `the EROFS image of layer ${basename(place)} cannot be mounted here: ${messageOf(error)}. ` +
          'berth system migrate-snapshots, with --storage-opt layers=directory, makes directories of all layers',
        error,
      );
    }
  }

  #adopt(target: string): void {
    const place = join(target, '..');
    const image: MountedImage = { target, uses: 0, idle: undefined };
    this.#mounted.set(place, image);
    this.#rest(place, image);
  }

  #rest(place: string, image: MountedImage): void {
    image.idle = setTimeout(() => this.#unmount(place, image), IDLE_MS).unref();
  }

  #unmount(place: string, { target }: MountedImage): void {
    this.#mounted.delete(place);
    unmountNow(target);
  }
}
