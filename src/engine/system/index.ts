/** Facts about the host: what it is, which limits it can enforce, what `info` says. */
export { type HostSupport, hostSupport, isCgroupUnified } from './host-support.ts';
export { type SystemInfo, type SystemInfoOptions, systemInfo } from './system-info.ts';
