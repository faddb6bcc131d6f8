export { Cgroup } from './cgroup.ts';
export { type CgroupLayout, cgroupLayout, controllers, isUnified } from './layout.ts';
export { type ContainerCgroup, mountNamespaceOf, ProcessGroup } from './process-group.ts';
export { CgroupReadiness } from './readiness.ts';
export type { BlkioEntry, CgroupStats } from './stats.ts';
