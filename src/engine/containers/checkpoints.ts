import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { codeOf, conflict, invalid, notFound } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import { containerDirectory } from './paths.ts';
import type { ContainerRecord } from './record.ts';

/** CRIU writes it when all else is there: what lacks it was cut off. */
const INVENTORY = 'inventory.img';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** The images of a container's checkpoints: a directory each, with the container or wherever the user wants them. */
export function checkpointsDirectory(context: Context, id: string, directory: string | undefined): string {
  if (!directory) return join(containerDirectory(context, id), 'checkpoints');
  if (!isAbsolute(directory))
    throw invalid(`the checkpoint directory must be an absolute path, not ${directory}`);
  return directory;
}

/** An empty directory for a new checkpoint. @throws invalid, conflict when there is one of that name */
export async function makeCheckpointDirectory(
  context: Context,
  record: ContainerRecord,
  name: string,
  directory: string | undefined,
): Promise<string> {
  if (!NAME.test(name)) {
    throw invalid(`Invalid checkpoint ID (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  const images = join(checkpointsDirectory(context, record.id, directory), name);
  if (isComplete(images)) {
    throw conflict(`checkpoint with name ${name} already exists for container ${record.name}`);
  }
  // In a directory of the user's only what an earlier attempt left may go.
  if (existsSync(images) && !readdirSync(images).every((file) => /\.(img|json)$/.test(file))) {
    throw conflict(`${images} exists and is no checkpoint`);
  }
  await removeImages(images);
  mkdirSync(images, { recursive: true, mode: 0o700 });
  return images;
}

/** The directory of a checkpoint that is there. @throws invalid, notFound */
export function findCheckpoint(
  context: Context,
  record: ContainerRecord,
  name: string,
  directory: string | undefined,
): string {
  const images = join(checkpointsDirectory(context, record.id, directory), name);
  if (!NAME.test(name) || !isComplete(images)) {
    throw notFound(`checkpoint ${name} does not exist for container ${record.name}`);
  }
  return images;
}

/** Names, in order. */
export function listCheckpoints(context: Context, reference: string, directory?: string): string[] {
  const { id } = context.store.get(reference);
  const parent = checkpointsDirectory(context, id, directory);
  try {
    const names = readdirSync(parent).filter((name) => isComplete(join(parent, name)));
    return names.toSorted();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** @throws notFound */
export async function removeCheckpoint(
  context: Context,
  reference: string,
  name: string,
  directory?: string,
): Promise<void> {
  using locked = await lockContainer(context, reference);
  await removeImages(findCheckpoint(context, locked.record, name, directory));
}

const isComplete = (images: string): boolean => existsSync(join(images, INVENTORY));

/** As large as the container's memory. */
export const removeImages = (images: string): Promise<void> => rm(images, { recursive: true, force: true });
