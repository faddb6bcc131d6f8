// A thread that writes one layer as an image: `serveJob` at the end.
import { serveJob } from '#lib/job';
import { type RingMemory, RingReader } from '#lib/ring';
import { LayerImage } from '#oci/erofs';
import { finishImage, type ImageTarget, type WrittenLayer } from './finish-image.ts';
import { NewImageFile } from './image-file.ts';
import { sayFull } from './space-guard.ts';

export interface ImageInput extends ImageTarget {
  readonly ring: RingMemory;
}

function write({ ring, ...target }: ImageInput): WrittenLayer {
  try {
    using file = new NewImageFile(target.path);
    using image = new LayerImage(file);
    for (const chunk of new RingReader(ring).chunks()) image.push(chunk);
    return finishImage(image, target);
  } catch (error) {
    throw sayFull(error);
  }
}

await serveJob(write);
