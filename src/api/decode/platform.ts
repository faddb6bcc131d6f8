import { platformParameter } from '#protocol';
import { parseJson, validate } from '../validation.ts';

/**
 * `os/arch[/variant]` of a platform parameter, which is that text or, since 1.48, an OCI platform as JSON.
 * @throws invalid
 */
export function decodePlatform(text: string): string {
  if (!text.startsWith('{')) return text;
  const { os, architecture, variant } = validate(platformParameter, parseJson(text));
  return [os, architecture, variant].filter(Boolean).join('/');
}
