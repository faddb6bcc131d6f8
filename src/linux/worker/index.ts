/** For worker threads that extract or read a container's tree. */
export { chrootThread, enterMountNamespace } from './enter.ts';
