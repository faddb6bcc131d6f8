import { inUserNamespace } from '../proc/index.ts';

/** In a user namespace overlays keep their attributes among the users' own: `trusted` is for the host's root. */
const SPACE = inUserNamespace() ? 'user' : 'trusted';

/** The option that an overlay needs for that. */
export const overlayXattrOption: string | undefined = SPACE === 'user' ? 'userxattr' : undefined;

/** The name of one of overlay's own attributes (`opaque`). */
export const overlayXattr = (name: string): string => `${SPACE}.overlay.${name}`;
