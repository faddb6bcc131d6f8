import type { Entitlement } from '#engine/build';
import { invalid } from '#lib/errors';

/** What a build may do beyond what is safe for everybody. @throws invalid */
export const entitlementsOf = (texts: readonly string[]): ReadonlySet<Entitlement> =>
  new Set(
    texts.map((text) => {
      if (text === 'security.insecure' || text === 'network.host') return text;
      throw invalid(`invalid entitlement "${text}": use security.insecure or network.host`);
    }),
  );
