import { hostname } from 'node:os';
import { invalid, messageOf } from '#lib/errors';
import { shortId } from '#lib/ids';
import { compileTemplate } from '#lib/template';
import { extraAttributes } from './attributes.ts';
import type { LogOptions } from './config.ts';
import type { LogSource } from './source.ts';

/** Every driver's, but json-file's, which has none. */
export const DEFAULT_TAG = '{{.ID}}';

/** The option `tag`, a Go template over the container, carried out. @throws invalid */
export function renderTag(options: LogOptions, source: LogSource, standard = DEFAULT_TAG): string {
  const template = options['tag'] || standard;
  if (!template.includes('{{')) return template;
  try {
    return compileTemplate(template)(tagData(options, source));
  } catch (error) {
    throw invalid(`invalid tag ${JSON.stringify(template)}: ${messageOf(error)}`, error);
  }
}

/** Docker's names. */
const tagData = (options: LogOptions, source: LogSource) => ({
  ID: shortId(source.id),
  FullID: source.id,
  Name: source.name,
  ImageID: source.imageId.slice(0, 12),
  ImageFullID: source.imageId,
  ImageName: source.imageName,
  Command: source.command.join(' '),
  Hostname: hostname(),
  ExtraAttributes: () => extraAttributes(options, source),
  ContainerID: source.id,
  ContainerName: `/${source.name}`,
  ContainerEntrypoint: source.command[0] ?? '',
  ContainerArgs: source.command.slice(1),
  ContainerImageID: source.imageId,
  ContainerImageName: source.imageName,
  ContainerCreated: source.created,
  ContainerEnv: source.env,
  ContainerLabels: source.labels,
  // Of the program that tags have been written for.
  DaemonName: 'docker',
});
