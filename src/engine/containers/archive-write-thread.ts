// A thread that unpacks a tar into a directory of a container.
import { realpathSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { DirectoryTarget } from '#engine/snapshots';
import { invalid } from '#lib/errors';
import { type Sink, serveSink } from '#lib/thread-sink';
import { LayerApplier, type Owner, pathFromBytes } from '#oci/layer';
import { enterView, type PathInput } from './archive-view.ts';

export interface WriteInput extends PathInput {
  readonly keepTypes: boolean;
  /** Default: what the archive says. */
  readonly owner?: Owner;
}

function open({ view, path, keepTypes, owner }: WriteInput): Sink<void> {
  enterView(view);
  const real = realpathSync(posix.resolve('/', path));
  if (!statSync(real).isDirectory()) throw invalid('extraction point is not a directory');
  const applier = new LayerApplier(new DirectoryTarget('/', { merged: true, idMap: view.idMap }), {
    into: pathFromBytes(Buffer.from(real.slice(1))),
    whiteouts: 'literal',
    keepTypes,
    ...(owner && { owner: () => owner }),
  });
  return {
    push: (chunk) => applier.push(chunk),
    finish() {
      applier.finish();
    },
  };
}

serveSink(open);
