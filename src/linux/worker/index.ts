export { chrootThread, enterMountNamespace, privateMounts } from './chroot.ts';
