export { capabilities } from './capabilities.ts';
export { type SystemCpu, systemCpu } from './cpu.ts';
export { type HostInfo, hostInfo } from './host.ts';
export { hardLimit } from './limits.ts';
export { type ProcStat, readStat } from './stat.ts';
export { inUserNamespace, largestGroup } from './user-namespace.ts';
