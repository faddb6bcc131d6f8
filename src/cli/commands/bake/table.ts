import { invalid } from '#lib/errors';

/** What was read as an object. @throws invalid */
export function table(value: unknown, place: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${place} must be an object`);
  return value as Record<string, unknown>;
}
