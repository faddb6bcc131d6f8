import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { ResponseError } from '#client';
import { codeOf, invalid } from '#lib/errors';
import type { ContainerCreateRequest, ContainerCreateResponse } from '#protocol';
import type { Context } from '../../../context.ts';
import { fileError } from '../../../errors.ts';
import type { CreateFlags } from './flags.ts';

/** Makes the container; fetches the image first when it has to. @throws invalid, ResponseError */
export async function createContainer(
  context: Context,
  flags: CreateFlags,
  request: ContainerCreateRequest,
): Promise<ContainerCreateResponse> {
  using cidFile = flags.cidfile === '' ? undefined : openCidFile(flags.cidfile);
  const response = await fetchingImage(context, flags, request.Image ?? '', () =>
    context.client.containers.create(request, {
      name: flags.name || undefined,
      platform: flags.platform || undefined,
    }),
  );
  for (const warning of response.Warnings ?? []) context.err.line(`WARNING: ${warning}`);
  cidFile?.write(response.Id);
  return response;
}

/** Makes something of an image, which is pulled first as the flags say. @throws ResponseError */
export async function fetchingImage<T>(
  context: Context,
  flags: Pick<CreateFlags, 'pull' | 'platform' | 'quiet'>,
  image: string,
  create: () => Promise<T>,
): Promise<T> {
  const pull = async () => {
    const { pullImage } = await import('../../image/pull-image.ts');
    return pullImage(context, image, { platform: flags.platform, quiet: flags.quiet, out: context.err });
  };
  if (flags.pull === 'always') await pull();
  try {
    return await create();
  } catch (error) {
    if (flags.pull !== 'missing' || !isMissingImage(error)) throw error;
    if (!flags.quiet) context.err.line(`Unable to find image '${withTag(image)}' locally`);
    await pull();
    return create();
  }
}

const isMissingImage = (error: unknown) =>
  error instanceof ResponseError && error.status === 404 && /no such image/i.test(error.message);

const withTag = (image: string) => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);

/** Claimed before the container is made; an empty one does not stay behind. @throws invalid */
function openCidFile(path: string): Disposable & { write(id: string): void } {
  const fd = open(path);
  let written = false;
  return {
    write(id) {
      writeSync(fd, id);
      written = true;
    },
    [Symbol.dispose]() {
      closeSync(fd);
      if (!written) rmSync(path, { force: true });
    },
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'wx', 0o644);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      const held = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      const why = held > 0 ? "make sure the other container isn't running or delete" : 'delete';
      throw invalid(`container ID file found, ${why} ${path}`, error);
    }
    throw invalid(`failed to create the container ID file: open ${path}: ${fileError(error)}`, error);
  }
}
