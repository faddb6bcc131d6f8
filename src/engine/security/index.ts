/** What a container may do: capabilities, system call filter, hidden paths, --security-opt. */
export { AppArmor, apparmorEnabled } from './apparmor.ts';
export { type CapabilityRequest, defaultCapabilities, resolveCapabilities } from './capabilities.ts';
export { parseSecurityOptions, type SecurityOptions } from './options.ts';
export { maskedPaths, readonlyPaths } from './paths.ts';
export { BPF_ANNOTATION, Seccomp, type SeccompConfig, type SeccompSetting } from './seccomp.ts';
