import type { Readable } from 'node:stream';
import type { BuildResult, Output } from '#engine/build';
import type { RegistryAuth } from '#engine/images';
import type { WantedOutput } from './decode/build-outputs.ts';

export interface Delivery {
  /** Brings a result to the client. */
  send(wanted: WantedOutput, content: Readable): Promise<void>;
  authOf(reference: string): RegistryAuth | undefined | Promise<RegistryAuth | undefined>;
}

/** The builder's outputs for what a client wants. */
export const outputsFor = (wanted: readonly WantedOutput[], { send, authOf }: Delivery): Output[] =>
  wanted.map((output) => {
    const { kind, names, annotations, indexAnnotations, rewriteTimes } = output;
    const form = { names, annotations, indexAnnotations, rewriteTimes };
    switch (kind) {
      case 'image':
        return { kind, ...form };
      case 'registry':
        return { kind, ...form, authOf: async (reference) => await authOf(reference) };
      case 'archive':
        return { kind, ...form, send: (content) => send(output, content) };
      case 'tree':
        return { kind, send: (content) => send(output, content) };
    }
  });

/** What is told of a result: its id as Docker says it, and what BuildKit's clients write to a metadata file. */
export function resultMessage({ assembled }: BuildResult, wanted: readonly WantedOutput[]) {
  if (!assembled) return {};
  const { chosen, target } = assembled;
  const names = [...new Set(wanted.flatMap((output) => output.names))];
  return {
    ID: chosen.id,
    Metadata: {
      'containerimage.config.digest': chosen.id,
      'containerimage.descriptor': target,
      'containerimage.digest': target.digest,
      ...(names.length > 0 && { 'image.name': names.join(',') }),
    },
  };
}
