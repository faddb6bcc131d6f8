import { CLONE_NEWNET } from '../ffi/constants.ts';
import { unshare } from '../ffi/namespaces.ts';

/**
 * Moves the calling thread, and those that it starts from now on, to a new network namespace (unshare(2)). Others stay
 * where they are. @throws SystemError
 */
export const leaveNetwork = (): number => unshare(CLONE_NEWNET);
