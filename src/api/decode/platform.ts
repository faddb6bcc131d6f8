import { invalid } from '#lib/errors';
import { platformParameter } from '#protocol';
import { parseJson, validate } from '../validation.ts';

/**
 * `os/architecture[/variant]` of a `platform` parameter that is an OCI platform as JSON; that text itself is
 * taken too, which Docker does not do everywhere. @throws invalid
 */
export function decodePlatform(text: string): string {
  if (!text.trimStart().startsWith('{')) return text;
  const { os = '', architecture = '', variant = '' } = validate(platformParameter, parseJson(text));
  if (os === '' || architecture === '') throw invalid('both OS and Architecture must be provided');
  return [os, architecture, variant].filter(Boolean).join('/');
}

export const decodePlatforms = (texts: readonly string[]): string[] =>
  texts.filter(Boolean).map(decodePlatform);
