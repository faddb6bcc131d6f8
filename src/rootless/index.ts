/** An engine of an ordinary user: the namespaces that it lives in, and the way from the host's network into its own. */
export { Holder } from './client.ts';
export { INSIDE, launchRootless } from './launch.ts';
export { rootlessRoots } from './roots.ts';
