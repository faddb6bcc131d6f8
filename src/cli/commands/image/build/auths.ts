import { credentialsFor } from '../../../config/credentials.ts';
import type { Context } from '../../../context.ts';

/** Of every registry that the user is logged in to. */
export async function authsOf(context: Pick<Context, 'config'>): Promise<Record<string, object>> {
  const registries = [
    ...Object.keys(context.config.auths ?? {}),
    ...Object.keys(context.config.credHelpers ?? {}),
  ];
  const auths: Record<string, object> = {};
  for (const registry of new Set(registries)) {
    const found = await credentialsFor(
      context,
      registry.replace(/^https?:\/\//, '').split('/', 1)[0] ?? registry,
    );
    if (found) auths[registry] = found;
  }
  return auths;
}
